/** What an operator may do from the page. Each act asks first, and needs the operator's token. */

import { html } from './svg.js';

const LEVELS = ['debug', 'info', 'warning', 'error'];
/** Labels that can be given even if no version has them yet. */
const LABELS = ['stable', 'canary'];

export class Acts {
  /**
   * @param {function(string): HTMLElement} element by id
   * @param {Texts} texts
   * @param {Gateway} gateway
   * @param {function(string, boolean)} announce shows the result of an act
   */
  constructor(element, texts, gateway, announce) {
    this._element = element;
    this._texts = texts;
    this._gateway = gateway;
    this._announce = announce;
    this._shown = '';
    this._labels = null;
    this._asked = null;
    element('confirm-no').addEventListener('click', () => element('confirm').close());
    element('confirm').querySelector('form').addEventListener('submit', (event) => {
      event.preventDefault();
      this._confirm();
    });
  }

  /** Show what can be done. What the user has begun to choose stays until the gateway differs. */
  show(figures) {
    const { canary_share: share, log_level: level, may_act: mayAct } = figures;
    const shown = JSON.stringify([share, level, mayAct, this._texts.name]);
    if (shown === this._shown) return;
    this._shown = shown;
    const rows = mayAct ? this._rows(figures) : [html('p', { class: 'note' }, this._texts.text('acts.off'))];
    this._element('acts').replaceChildren(...rows);
  }

  /** Ask to close a session. */
  close(id) {
    this._ask('act.close', 'act.close.ask', { id }, 'close_session', { session: id });
  }

  /** Ask for a token to see figures, which `accept` checks. */
  login(accept) {
    if (this._element('confirm').open) return;
    this._open('token.show', 'token.ask', {}, accept);
  }

  _rows({ canary_share: share, canary_label: label, log_level: level }) {
    const text = (key) => this._texts.text(key);
    const number = html('input', { type: 'number', id: 'share', min: 0, max: 100, step: 'any', value: Number((100 * share).toFixed(4)) });
    const levels = html('select', { id: 'level' }, ...LEVELS.map((name) => html('option', { selected: name === level }, name)));
    const setShare = () => {
      if (!number.reportValidity() || number.value === '') return;
      const fraction = Number(number.value) / 100;
      this._ask('act.share.set', 'act.share.ask', { share: this._texts.share(fraction), label }, 'canary_share', { share: fraction });
    };
    const setLevel = () => this._ask('act.level.set', 'act.level.ask', { level: levels.value }, 'log_level', { level: levels.value });
    const drain = () => this._ask('act.drain', 'act.drain.ask', {}, 'drain', {});
    return [
      html('div', { class: 'act' }, html('label', { for: 'share' }, text('act.share')), html('span', {}, number, ' %'), button(text('act.share.set'), setShare)),
      html('div', { class: 'act' }, html('label', { for: 'level' }, text('act.level')), levels, button(text('act.level.set'), setLevel)),
      this._labelRow(),
      html('div', { class: 'act' }, button(text('act.drain'), drain, 'danger')),
    ];
  }

  /**
   * The model servers are asked for labels and versions only when somebody wants to move one. What
   * they answered stays when the other rows change, until a label has moved.
   */
  _labelRow() {
    if (this._labels?.dataset.language !== this._texts.name) {
      const row = html('div', { class: 'act', 'data-language': this._texts.name });
      row.append(button(this._texts.text('act.label.choose'), () => this._chooseLabel(row)));
      this._labels = row;
    }
    return this._labels;
  }

  async _chooseLabel(row) {
    const text = (key, values) => this._texts.text(key, values);
    try {
      const { labels, versions, reason } = await this._gateway.labels();
      if (reason) row.replaceChildren(html('p', { class: 'note' }, text('act.label.cannot', { reason })));
      else this._offerLabels(row, labels, versions);
    } catch (error) {
      const message = error.status === 0 ? text('act.unreachable') : error.message;
      this._announce(text('act.failed', { message }), true);
    }
  }

  _offerLabels(row, labels, versions) {
    const text = (key) => this._texts.text(key);
    const names = [...new Set([...Object.keys(labels), ...LABELS])];
    const named = (name) => (name in labels ? `${name} (${labels[name]})` : name);
    const label = html('select', { id: 'label' }, ...names.map((name) => html('option', { value: name }, named(name))));
    const version = html('select', { id: 'version', 'aria-label': text('version.version') }, ...versions.map((number) => html('option', {}, String(number))));
    const move = () => {
      const fields = { label: label.value, version: Number(version.value) };
      this._ask('act.label.set', 'act.label.ask', fields, 'label', fields);
    };
    const choice = html('span', { class: 'pair' }, label, ' → ', version);
    row.replaceChildren(html('label', { for: 'label' }, text('act.label')), choice, button(text('act.label.set'), move));
    label.focus();
  }

  _ask(title, question, values, name, fields) {
    this._open(title, question, values, async (token) => {
      await this._gateway.act(name, fields, token);
      if (name === 'label') this._shown = this._labels = null;
      this._announce(this._texts.text('act.done', { title: this._texts.text(title) }), false);
    });
  }

  _open(title, question, values, carryOut) {
    this._asked = carryOut;
    this._element('confirm-title').textContent = this._texts.text(title);
    this._element('confirm-yes').textContent = this._texts.text(title);
    this._element('confirm-text').textContent = this._texts.text(question, values);
    this._element('confirm-token').value = this._gateway.token;
    this._element('confirm-wrong').hidden = true;
    this._element('confirm').showModal();
    this._element(this._gateway.token ? 'confirm-no' : 'confirm-token').focus();
  }

  /** The user has agreed. The dialog stays open with the reason if the gateway refuses. */
  async _confirm() {
    const token = this._element('confirm-token').value.trim();
    this._element('confirm-yes').disabled = true;
    try {
      await this._asked(token);
      this._gateway.keep(token);
      this._element('confirm').close();
    } catch (error) {
      const message = error.status === 0 ? this._texts.text('act.unreachable') : error.message;
      this._element('confirm-wrong').textContent = this._texts.text('act.failed', { message });
      this._element('confirm-wrong').hidden = false;
    } finally {
      this._element('confirm-yes').disabled = false;
    }
  }
}

function button(text, run, kind = '') {
  const element = html('button', { type: 'button', class: kind }, text);
  element.addEventListener('click', run);
  return element;
}
