/** The table of sessions: sorted by any column, filtered by words, each row a link to its page. */

import { arrange } from './arrange.js';
import { html } from './svg.js';

const MOST_ROWS = 100;

const COLUMNS = [
  { name: 'client', value: ({ client }) => client },
  { name: 'address', value: ({ address }) => address },
  { name: 'subject', value: ({ subject }) => subject },
  { name: 'model', value: (session) => modelOf(session) },
  { name: 'results', value: ({ rates }) => rates.results, format: (texts, value) => texts.rate(value) },
  { name: 'lost', value: ({ rates }) => rates.lost, format: (texts, value) => texts.rate(value) },
  { name: 'age', value: ({ rates }) => rates.age_ms, format: (texts, value) => texts.ms(value) },
  { name: 'oldest', value: ({ rates }) => rates.oldest_ms, format: (texts, value) => texts.ms(value) },
  { name: 'connected', value: (session) => session.connected_s, format: (texts, value) => texts.duration(value) },
];

/** A session's model with version and label, for people. */
export function modelOf({ model, version, label }) {
  return model && `${model} ${version}${label ? ` (${label})` : ''}`;
}

/** The sessions to show, as the user has arranged them. */
export function arranged(sessions, { filter, column, descending }) {
  const { value } = COLUMNS.find(({ name }) => name === column);
  const texts = (session) => [session.id, session.client, session.address, session.subject, modelOf(session)].filter(Boolean);
  return arrange(sessions, { filter, texts, value, descending });
}

/** The same rows in the order of `ids`, and those that are not among them last. */
export function keepOrder(rows, ids) {
  const places = new Map(ids.map((id, i) => [id, i]));
  const place = ({ id }) => places.get(id) ?? ids.length;
  return [...rows].sort((one, other) => place(one) - place(other));
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
    this._rows = new Map(); // by id
    this._ids = []; // as they are shown
    [this._head, this._body] = [html('thead'), html('tbody')];
    this._table = html('table', {}, this._head, this._body);
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
    const rows = arranged(this._sessions, this._view);
    const shown = (this._isInUse() ? keepOrder(rows, this._ids) : rows).slice(0, MOST_ROWS);
    const none = texts.text(this._sessions.length ? 'sessions.no-match' : 'sessions.none');
    this._note.textContent = shown.length ? texts.text('sessions.shown', { shown: shown.length, n: this._sessions.length }) : none;
    if (shown.length && !this._table.isConnected) this._host.replaceChildren(this._table);
    if (!shown.length) this._host.replaceChildren();
    this._showHead();
    this._showRows(shown);
  }

  /** Whether somebody points at a row or has it focused: it must not jump away then. */
  _isInUse() {
    const points = matchMedia('(hover: hover)').matches && this._body.matches(':hover');
    return points || this._body.matches(':focus-within');
  }

  _showHead() {
    const key = JSON.stringify([this._view.column, this._view.descending, this._texts.name]);
    if (key === this._head.dataset.key) return;
    this._head.dataset.key = key;
    this._keepFocus(() => this._head.replaceChildren(html('tr', {}, ...COLUMNS.map((column) => this._heading(column)))));
  }

  _showRows(shown) {
    const ids = shown.map(({ id }) => id);
    const elements = shown.map((session) => this._row(session));
    if (ids.join() === this._ids.join()) return;
    this._ids = ids;
    this._keepFocus(() => this._body.replaceChildren(...elements));
    const known = new Set(ids);
    for (const id of this._rows.keys()) if (!known.has(id)) this._rows.delete(id);
  }

  _keepFocus(change) {
    const focused = document.activeElement?.dataset?.key;
    change();
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

  /** A session's row. It stays the same element, since a click on one that is replaced is lost. */
  _row(session) {
    if (!this._rows.has(session.id)) this._rows.set(session.id, this._newRow(session.id));
    const { element, texts } = this._rows.get(session.id);
    COLUMNS.forEach(({ name, value, format }, i) => {
      const none = name === 'client' ? this._texts.text('unnamed') : '–';
      const text = format ? format(this._texts, value(session)) : value(session) || none;
      if (texts[i].textContent !== text) texts[i].textContent = text;
    });
    return element;
  }

  _newRow(id) {
    const link = html('a', { href: `#session=${id}`, 'data-key': id });
    const first = html('td', {}, link, html('small', {}, ` ${id.slice(0, 6)}`));
    const others = COLUMNS.slice(1).map(({ format }) => html('td', { class: format && 'numeric' }));
    return { element: html('tr', {}, first, ...others), texts: [link, ...others] };
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
