/** The live page's statistics as text. */
'use strict';

/**
 * @param {import('../../client/lib/index').StatisticsSnapshot} statistics
 * @param {number|null} tripMs
 * @param {import('../../client/lib/index').SentFrame|null} sent the last frame
 * @param {Record<string, string>} messages
 * @returns {{name: string, value: string}[]}
 */
function statisticItems({ answeredPerS, p50Ms, dropped, errors }, tripMs, sent, messages) {
  const ms = (/** @type {number|null} */ value) => (value === null ? '–' : `${Math.round(value)} ms`);
  const lost = dropped.concat(errors).reduce((sum, [, count]) => sum + count, 0);
  return [
    { name: messages.stat_latency, value: ms(p50Ms) },
    { name: messages.stat_rate, value: answeredPerS.toFixed(1) },
    { name: messages.stat_trip, value: ms(tripMs) },
    { name: messages.stat_bytes, value: sent ? `${Math.round(sent.data.byteLength / 1000)} KB` : '–' },
    { name: messages.stat_encoding, value: sent ? sent.format.toUpperCase() : '–' },
    { name: messages.stat_lost, value: String(lost) },
  ];
}

module.exports = { statisticItems };
