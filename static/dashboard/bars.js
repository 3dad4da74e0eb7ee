/** Horizontal bars: a share for each row, as text and as a length. */

import { html } from './svg.js';

/**
 * @param {HTMLElement} host
 * @param {{name: string, share: number, text: string}[]} rows shares are from 0 to 1
 */
export function showBars(host, rows) {
  const most = Math.max(...rows.map(({ share }) => share), 1e-9);
  const items = rows.map(({ name, share, text }) => {
    const bar = html('span', { class: 'bar-fill', 'aria-hidden': 'true' });
    bar.style.width = `${(100 * share) / most}%`;
    return html('li', {}, html('span', { class: 'bar-name' }, name), html('span', { class: 'bar-track' }, bar), html('span', { class: 'bar-text' }, text));
  });
  host.replaceChildren(html('ul', { class: 'bars' }, ...items));
}
