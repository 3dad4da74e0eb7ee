/** The table of sessions: sorted by any column, filtered by words, each row a link to its page. */

import { arrange } from './arrange.js';
import { html } from './svg.js';

const MOST_ROWS = 100;

const COLUMNS = [
  { name: 'client', value: ({ client }) => client },
  { name: 'address', value: ({ address }) => address },
  { name: 'subject', value: ({ subject }) => subject },
  { name: 'model', value: (one) => modelOf(one) },
  { name: 'results', value: ({ rates }) => rates.results, format: (texts, value) => texts.rate(value) },
  { name: 'lost', value: ({ rates }) => rates.lost, format: (texts, value) => texts.rate(value) },
  { name: 'age', value: ({ rates }) => rates.age_ms, format: (texts, value) => texts.ms(value) },
  { name: 'oldest', value: ({ rates }) => rates.oldest_ms, format: (texts, value) => texts.ms(value) },
  { name: 'connected', value: (one) => one.connected_s, format: (texts, value) => texts.duration(value) },
];

/** A session's model with version and label, for people. */
export function modelOf({ model, version, label }) {
  return model && `${model} ${version}${label ? ` (${label})` : ''}`;
}

/** The sessions to show, as the user has arranged them. */
export function arranged(sessions, { filter, column, descending }) {
  const { value } = COLUMNS.find(({ name }) => name === column);
  const texts = (one) => [one.id, one.client, one.address, one.subject, modelOf(one)].filter(Boolean);
  return arrange(sessions, { filter, texts, value, descending });
}

export class SessionTable {
  /**
   * @param {function(string): HTMLElement} element by id
   * @param {Texts} texts
   */
  constructor(element, texts) {
    this._host = element('sessions');
    this._note = element('sessions-note');
    this._texts = texts;
    this._sessions = [];
    this._view = { filter: '', column: 'lost', descending: true };
    element('filter').addEventListener('input', (event) => {
      this._view.filter = event.target.value;
      this.draw();
    });
    this._host.addEventListener('click', (event) => this._sort(event.target.closest('[data-column]')));
  }

  /** @param {object[]} sessions */
  show(sessions) {
    this._sessions = sessions;
    this.draw();
  }

  draw() {
    const texts = this._texts;
    const focused = document.activeElement?.dataset?.key;
    const rows = arranged(this._sessions, this._view);
    const shown = rows.slice(0, MOST_ROWS);
    const none = texts.text(this._sessions.length ? 'sessions.no-match' : 'sessions.none');
    this._note.textContent = shown.length ? texts.text('sessions.shown', { shown: shown.length, n: this._sessions.length }) : none;
    const head = html('thead', {}, html('tr', {}, ...COLUMNS.map((column) => this._heading(column))));
    const body = html('tbody', {}, ...shown.map((session) => this._row(session)));
    this._host.replaceChildren(...(shown.length ? [html('table', {}, head, body)] : []));
    if (focused) this._host.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  }

  _heading({ name, format }) {
    const { column, descending } = this._view;
    const title = this._texts.text(`session.${name}`);
    const direction = column === name && (descending ? 'descending' : 'ascending');
    const label = this._texts.text('sort', { column: title });
    const button = html('button', { type: 'button', 'data-column': name, 'data-key': `column ${name}`, title: label }, title);
    return html('th', { scope: 'col', class: format && 'numeric', 'aria-sort': direction }, button);
  }

  _row(session) {
    const cells = COLUMNS.map(({ name, value, format }) => {
      const text = format ? format(this._texts, value(session)) : value(session) || '–';
      if (name !== 'client') return html('td', { class: format && 'numeric' }, text);
      const title = session.client || this._texts.text('unnamed');
      const link = html('a', { href: `#session=${session.id}`, 'data-key': session.id }, title);
      return html('td', {}, link, html('small', {}, ` ${session.id.slice(0, 6)}`));
    });
    return html('tr', {}, ...cells);
  }

  _sort(heading) {
    if (!heading) return;
    const { column } = heading.dataset;
    const numeric = Boolean(COLUMNS.find(({ name }) => name === column).format);
    this._view.descending = column === this._view.column ? !this._view.descending : numeric;
    this._view.column = column;
    this.draw();
  }
}
