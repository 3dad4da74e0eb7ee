/** Round numbers for the axes of charts. Pure. */

/**
 * The ticks of an axis from 0 to a round number that is not below `most`.
 * @param {number} most
 * @param {number} count about how many ticks
 */
export function ticks(most, count = 4) {
  const step = roundUp(Math.max(most, 1e-9) / count);
  const all = [];
  for (let i = 0; (i - 1) * step < most || i < 2; i += 1) all.push(Number((i * step).toPrecision(12)));
  return all;
}

/** The smallest of 1, 2, 2.5, 5 times a power of ten that is not below `value`. */
export function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  const factor = [1, 2, 2.5, 5, 10].find((multiple) => multiple * power >= value * (1 - 1e-9));
  return factor * power;
}

/** Seconds between two ticks of a time axis, and the room that one takes in pixels. */
const TIME_STEPS = [15, 30, 60, 120, 180, 300, 900];
const TICK_WIDTH = 70;

/** How many seconds ago the ticks of a time axis are, for a range in seconds and a width in pixels. */
export function timeTicks(range, width) {
  const step = TIME_STEPS.find((seconds) => (width * seconds) / range >= TICK_WIDTH) || range;
  return Array.from({ length: Math.floor(range / step) + 1 }, (_, i) => i * step);
}

/** The index of the point nearest to `age` seconds ago; -1 without points. */
export function nearest(points, age) {
  let best = -1;
  points.forEach((point, i) => {
    if (best < 0 || Math.abs(point.age - age) < Math.abs(points[best].age - age)) best = i;
  });
  return best;
}

/** Stack values: each point's running sums, from the lowest series up. */
export function stack(points) {
  return points.map(({ age, values }) => {
    let height = 0;
    return { age, values: values.map((value) => (height += value)) };
  });
}

/** Cut points where there is none for longer than `gap` seconds, or where a point has no values. */
export function runs(points, gap) {
  const all = [];
  let last = null;
  for (const point of points) {
    if (point.values === null) {
      last = null;
      continue;
    }
    if (last === null || last.age - point.age > gap) all.push([]);
    all[all.length - 1].push(point);
    last = point;
  }
  return all;
}
