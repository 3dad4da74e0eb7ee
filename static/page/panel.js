/** The figures, what was lost, the model, and what the shown frame's result says in words. */

import { drawChart } from './chart.js';
import { setText } from './notice.js';
import { classColour, percent } from './overlay.js';

export class Panel {
  /** @param {function(string): HTMLElement} element by id  @param {Language} language */
  constructor(element, language) {
    this._element = element;
    this._language = language;
    this._foundText = null;
  }

  /** @param {object} figures a snapshot of Statistics  @param {number|null} tripMs of the client */
  figures(figures, tripMs) {
    this._set('answered', decimal(figures.answeredPerS, 1));
    this._set('sent', decimal(figures.sentPerS, 1));
    this._set('p50', decimal(figures.p50Ms, 0));
    this._set('p95', decimal(figures.p95Ms, 0));
    this._set('batch', decimal(figures.batch, 1));
    const unit = this._language.text('figure.ms');
    this._set('trip', tripMs === null ? '–' : `${decimal(tripMs, 0)} ${unit}`);
    this._lost(figures);
  }

  /** @param {object[]} points of `Statistics.curve` */
  curve(points) {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const colours = { line: colour('--accent'), band: colour('--band'), grid: colour('--line') };
    const top = drawChart(this._element('curve'), points, colours);
    this._set('curve-top', this._language.text('figure.curve.top', { ms: top }));
  }

  /** @param {object|null} model as welcome gave it  @param {string|null} session */
  model(model, session) {
    const rows = model ? this._modelRows(model) : [['model.name', this._text('model.none')]];
    if (session) rows.push(['model.session', session]);
    this._rows('model', rows.map(([key, value]) => [this._text(key), value]));
  }

  /** What is in the picture, as a line of text: for the eye, and for who cannot see the boxes. */
  found(answer) {
    const parts = answer ? this._parts(answer) : [];
    const text = JSON.stringify(parts);
    if (text === this._foundText) return;
    this._foundText = text;
    this._element('found').replaceChildren(...parts.map(chip));
    if (parts.length === 0) this._element('found').append('\u00a0');
  }

  /** @param {{width, height, bytes}|null} sent the last frame */
  sending(sent) {
    if (!sent) return this._set('sending', '');
    const kilobytes = decimal(sent.bytes / 1000, 1);
    return this._set('sending', this._text('choice.sending', { ...sent, kilobytes }));
  }

  /** How old the shown frame is; null: it has no result. */
  age(ms) {
    this._element('age').hidden = ms === null;
    if (ms === null) return;
    const age = ms < 1000 ? `${Math.round(ms)} ${this._text('figure.ms')}` : `${decimal(ms / 1000, 1)} s`;
    this._set('age', this._text('found.age', { age }));
  }

  _parts({ kind, findings }) {
    if (findings.length === 0) {
      return [{ text: this._text(kind === 'boxes' ? 'found.none' : 'found.nothing') }];
    }
    const named = ({ name, score, index }) => ({ name, text: percent(score), index });
    const tensor = ({ name, dtype, shape }) => ({
      text: this._text('found.tensor', { name, dtype, shape: shape.join(', ') }),
    });
    return [
      { text: this._text('found.title') },
      ...findings.map(kind === 'tensors' ? tensor : named),
    ];
  }

  _lost({ dropped, errors, lastError }) {
    const rows = [
      ...dropped.map(([reason, count]) => [this._reason(reason), String(count)]),
      ...errors.map(([code, count]) => [this._text('lost.error', { code }), String(count)]),
    ];
    this._rows('lost', rows);
    setText(this._element('lost-note'), rows.length ? lastError || '' : this._text('lost.none'));
  }

  _reason(reason) {
    const key = `lost.${reason}`;
    return this._language.knows(key) ? this._text(key) : reason;
  }

  _modelRows(model) {
    const { name, label, version, task, width, height, labels } = model;
    const input = width && height ? `${width} × ${height}` : this._text('model.any');
    return [
      ['model.name', name],
      ['model.version', label ? `${version} (${label})` : String(version)],
      ['model.task', this._text(`model.task.${task}`, { count: labels.length })],
      ['model.input', input],
    ];
  }

  _rows(id, rows) {
    const told = JSON.stringify(rows);
    const list = this._element(id);
    if (list.dataset.told === told) return;
    list.dataset.told = told;
    list.replaceChildren(...rows.map(([term, value]) => row(term, value)));
  }

  _text(key, values) {
    return this._language.text(key, values);
  }

  _set(id, text) {
    setText(this._element(id), text);
  }
}

function row(term, value) {
  const line = document.createElement('div');
  line.append(document.createElement('dt'), document.createElement('dd'));
  line.children[0].textContent = term;
  line.children[1].textContent = value;
  return line;
}

function chip({ name, text, index }) {
  const span = document.createElement('span');
  if (name === undefined) {
    span.textContent = text;
    return span;
  }
  const strong = document.createElement('b');
  strong.textContent = name;
  span.className = 'chip';
  span.style.setProperty('--class', classColour(index));
  span.append(strong, ` ${text}`);
  return span;
}

function decimal(number, digits) {
  return number === null ? '–' : number.toFixed(digits);
}
