/** The live page's figures in words. */
'use strict';

/**
 * @param {import('../../client/lib/index').StatisticsSnapshot} figures
 * @param {number|null} tripMs
 * @param {import('../../client/lib/index').SentFrame|null} sent the last frame
 * @param {Record<string, string>} words
 * @returns {{name: string, value: string}[]}
 */
function figureItems({ answeredPerS, p50Ms, dropped, errors }, tripMs, sent, words) {
  const ms = (/** @type {number|null} */ value) => (value === null ? '–' : `${Math.round(value)} ms`);
  const lost = dropped.concat(errors).reduce((sum, [, count]) => sum + count, 0);
  const way = sent && (sent.format === 'rgb' ? words.way_rgb : words.way_jpeg);
  return [
    { name: words.figure_rate, value: answeredPerS.toFixed(1) },
    { name: words.figure_delay, value: ms(p50Ms) },
    { name: words.figure_trip, value: ms(tripMs) },
    { name: words.figure_bytes, value: sent ? `${Math.round(sent.data.byteLength / 1000)} KB` : '–' },
    { name: words.figure_way, value: way || '–' },
    { name: words.figure_lost, value: String(lost) },
  ];
}

module.exports = { figureItems };
