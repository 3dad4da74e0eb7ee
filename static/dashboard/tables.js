/** Tables: of model servers, of versions, of sessions. */

import { html } from './svg.js';

/**
 * @param {HTMLElement} host
 * @param {{title: string, numeric: boolean, cell: function(object): (Node|string)}[]} columns
 * @param {object[]} rows
 * @param {string} none what to show without rows
 */
export function showTable(host, columns, rows, none) {
  if (!rows.length) {
    host.replaceChildren(html('p', { class: 'note' }, none));
    return;
  }
  const head = columns.map(({ title, numeric }) => html('th', { scope: 'col', class: numeric && 'numeric' }, title));
  const body = rows.map((row) =>
    html('tr', {}, ...columns.map(({ numeric, cell }) => html('td', { class: numeric && 'numeric' }, cell(row)))),
  );
  host.replaceChildren(html('table', {}, html('thead', {}, html('tr', {}, ...head)), html('tbody', {}, ...body)));
}

/** A number with a bar below it: how much of the most it is. */
export function gauge(text, share) {
  const fill = html('span', { class: 'gauge-fill' });
  fill.style.width = `${Math.min(100, Math.max(0, 100 * share))}%`;
  return html('span', { class: 'gauge' }, text, html('span', { class: 'gauge-track', 'aria-hidden': 'true' }, fill));
}

/** @param {object} figures the gateway now; @param {object} rates frames per second by address */
export function showServers(host, texts, figures, rates) {
  const column = (name, numeric, cell) => ({ title: texts.text(`server.${name}`), numeric, cell });
  const state = ({ state: name, reason }) =>
    html('span', { class: `server ${name}` }, html('span', { class: 'lamp', 'aria-hidden': 'true' }), texts.text(`server.${name}`), reason && html('small', {}, ` ${reason}`));
  const calls = ({ calls: n, max_calls: most }) =>
    html('span', { title: texts.text('calls.hint') }, gauge(texts.text('calls.now', { n, most }), n / (most || 1)));
  const columns = [
    column('address', false, ({ address }) => address),
    column('state', false, state),
    column('calls', true, calls),
    column('frames', true, ({ address }) => texts.rate(rates[address] || 0)),
  ];
  showTable(host, columns, figures.backends, '');
}

/** @param {object[]} rows as `versions` of series.js returns them */
export function showVersions(host, texts, rows) {
  const column = (name, numeric, cell) => ({ title: texts.text(`version.${name}`), numeric, cell });
  const failure = (version) => html('span', { class: version.failures ? 'wrong' : '' }, texts.share(version.failureShare));
  const columns = [
    column('version', false, ({ model, version }) => `${model} ${version}`),
    column('label', false, ({ labels }) => labels.join(', ') || '–'),
    column('sessions', true, ({ sessions }) => texts.number(sessions)),
    column('share', true, ({ share }) => gauge(texts.share(share), share)),
    column('results', true, ({ resultsPerS }) => texts.rate(resultsPerS)),
    column('failures', true, failure),
  ];
  showTable(host, columns, rows, texts.text('versions.none'));
}
