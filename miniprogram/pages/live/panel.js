/** The live page's statistics and latest result as text. */
'use strict';

const { joinSummary, summarize } = require('../../predictions.js');

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

/**
 * The latest result in one line; raw outputs have a list of their own.
 * @param {{result: import('../../client/lib/index').Result}|null} latest
 * @param {import('../../client/lib/index').Model|null} model
 * @param {import('../../view-options').ViewOptions} options
 * @param {Record<string, string>} messages
 */
function summaryOf(latest, model, { minScore, shows }, messages) {
  if (!latest || latest.result.outputs) return '';
  const found = summarize(latest.result, model, minScore, shows);
  return found.length > 0 ? `${messages.results} ${joinSummary(found)}` : messages.results_none;
}

module.exports = { statisticItems, summaryOf };
