/** The scales of the latency chart, and what is under the pointer. */

const LEAST_TOP_MS = 10;
const HEADROOM = 1.15;
const USUAL = 0.9; // the share of points that set the scale; rare spikes are cut off at the edge
const ROUND = [1, 2, 5, 10];

/** How much time the chart covers, and the points in it. */
export const SPAN_S = 30;
export const POINTS = 60;

/**
 * The latency at the upper edge. A spike, such as that of a first connection, does not flatten all
 * the rest; what lasts does count.
 * @param {({p50Ms: number, p95Ms: number}|null)[]} points
 * @returns {number} a round number of ms
 */
export function topOf(points) {
  const known = points.filter(Boolean);
  if (known.length === 0) return roundUp(LEAST_TOP_MS);
  const usual = (name) => quantile(known.map((point) => point[name]), USUAL);
  return roundUp(Math.max(LEAST_TOP_MS, HEADROOM * Math.max(usual('p95Ms'), usual('p50Ms'))));
}

/** @returns {number} the smallest of 1, 2, 5, 10, 20, 50 ... that is not below `ms` */
export function roundUp(ms) {
  const unit = 10 ** Math.floor(Math.log10(ms));
  return unit * ROUND.find((factor) => factor * unit >= ms * (1 - 1e-9));
}

/** @returns {number[]} the latencies with a line across the chart: none, half, all of `top` */
export function levels(top) {
  return [0, top / 2, top];
}

/** @returns {number[]} the ages in s that are marked on the time axis, oldest first */
export function ages(width) {
  return width < 200 ? [30, 0] : [30, 20, 10, 0];
}

/** @returns {number} the place of the i-th of `count` points in a chart of this width; the last is at its end */
export function placeOf(i, count, width) {
  return width - ((count - 1 - i) * width) / (POINTS - 1);
}

/** @returns {number} the point nearest to a place, or -1 if the chart does not reach there */
export function nearest(x, count, width) {
  const i = Math.round(count - 1 - ((width - x) * (POINTS - 1)) / width);
  return i >= 0 && i < count ? i : -1;
}

/** @returns {number} how old the i-th of `count` points is, in s */
export function ageOf(i, count) {
  return ((count - 1 - i) * SPAN_S) / POINTS;
}

function quantile(numbers, q) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)];
}
