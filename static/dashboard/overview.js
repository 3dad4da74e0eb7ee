/** The whole gateway: figures, charts, model servers and versions. */

import { showBars } from './bars.js';
import { TimeChart } from './chart.js';
import { KINDS, ageBands, ages, batchSizes, frameRates, framesBy, meanBatch, serverRates, span, versions } from './series.js';
import { html } from './svg.js';
import { showServers, showVersions } from './tables.js';

/** What the figures at the top cover, in seconds. */
const RECENT_S = 10;
const AGES = ['p50', 'p95', 'p99'];

/** How charts of frames per second, stacked, put numbers. */
export const rates = (texts) => ({ kind: 'stack', format: (value) => texts.rate(value), tick: (value) => texts.tick(value) });

/** How charts of ages, as bands, put numbers. */
export const milliseconds = (texts) => ({ kind: 'bands', format: (value) => texts.ms(value), tick: (value) => texts.tick(value, 'ms') });

/** The figures at the top: [key, text, what it is about]. */
export function tiles(texts, figures, recent) {
  const counts = framesBy(recent);
  const all = KINDS.reduce((sum, kind) => sum + counts[kind], 0);
  const [p50, p95, p99] = ages(recent, figures.age_bounds_ms);
  const newest = recent[recent.length - 1];
  return [
    ['results', texts.rate(recent.length ? counts.result / span(recent) : null)],
    ['lost', texts.share(all ? 1 - counts.result / all : null)],
    ['age', texts.ms(p50)],
    ['p95', texts.ms(p95)],
    ['p99', texts.ms(p99)],
    ['batch', texts.number(meanBatch(recent), 1)],
    ['sessions', texts.text('of', { n: texts.number(figures.sessions), most: texts.number(figures.max_sessions) })],
    ['calls', newest ? texts.text('calls.now', { n: newest.calls, most: newest.max_calls }) : '–'],
  ];
}

export class Overview {
  /**
   * @param {function(string): HTMLElement} element by id
   * @param {Texts} texts
   * @param {function(number): string} ago
   */
  constructor(element, texts, ago) {
    this._element = element;
    this._texts = texts;
    const name = (prefix) => (series) => texts.text(`${prefix}.${series}`);
    this._frames = new TimeChart(element('frames-chart'), { ...rates(texts), series: KINDS, name: name('outcome'), ago });
    this._ages = new TimeChart(element('age-chart'), { ...milliseconds(texts), series: AGES, name: name('age'), ago });
  }

  /**
   * @param {object} figures the gateway now
   * @param {History} history
   * @param {number} range in seconds
   */
  show(figures, history, range) {
    const texts = this._texts;
    const [samples, recent] = [history.last(range), history.last(RECENT_S)];
    this._showTiles(tiles(texts, figures, recent));
    this._frames.show(frameRates(samples, range), range, texts.text('frames'));
    this._ages.show(ageBands(samples, range, figures.age_bounds_ms), range, texts.text('age'));
    this._showBatches(batchSizes(samples, figures.batch_bounds));
    showServers(this._element('servers'), texts, figures, serverRates(recent));
    showVersions(this._element('versions'), texts, versions(samples, recent, figures.model_sessions));
  }

  _showTiles(rows) {
    const hints = { sessions: '', calls: this._texts.text('calls.hint') };
    const recent = this._texts.text('of.ten');
    this._element('tiles').replaceChildren(
      ...rows.map(([key, value]) => html('div', { title: hints[key] ?? recent, 'data-tile': key }, html('dt', {}, this._texts.text(`tile.${key}`)), html('dd', {}, value))),
    );
  }

  _showBatches(sizes) {
    const texts = this._texts;
    const rows = sizes.map(({ over, upTo, share }) => {
      const exact = upTo !== null && upTo - over <= 1;
      const name = exact ? String(upTo) : upTo === null ? texts.text('batches.over', { n: over }) : `${over + 1}–${upTo}`;
      return { name, share, text: texts.share(share) };
    });
    const host = this._element('batch-chart');
    if (rows.length) showBars(host, rows);
    else host.replaceChildren(html('p', { class: 'note' }, texts.text('frames.none')));
  }
}
