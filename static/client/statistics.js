/**
 * The live figures: rates, delays and batch sizes of the last seconds, and what was lost.
 *
 * Times are ms of any clock that does not jump; whoever records hands them in.
 */

const SPAN_MS = 5000;
const MOST_SAMPLES = 1000;
const CURVE_STEP_MS = 500;
const CURVE_POINTS = 60;

export class Statistics {
  constructor() {
    this._startedAt = null;
    this._sent = [];
    this._answers = [];
    this._curve = [];
    this._dropped = new Map();
    this._errors = new Map();
    this._lastError = null;
  }

  sent(now) {
    if (this._startedAt === null) this._startedAt = now;
    keep(this._sent, { at: now }, now);
  }

  /** @param {number} delayMs from the picture's capture to its boxes */
  answered(now, delayMs, batch) {
    keep(this._answers, { at: now, delayMs, batch }, now);
  }

  dropped(reason) {
    this._dropped.set(reason, (this._dropped.get(reason) || 0) + 1);
  }

  failed(code, message) {
    this._errors.set(code, (this._errors.get(code) || 0) + 1);
    this._lastError = message;
  }

  /**
   * @returns {object} sentPerS, answeredPerS; p50Ms, p95Ms and batch, null without answers;
   *   dropped and errors as [name, count] with the most frequent first; lastError or null
   */
  snapshot(now) {
    const answers = recent(this._answers, now);
    const delays = answers.map(({ delayMs }) => delayMs).sort((a, b) => a - b);
    return {
      sentPerS: this._perSecond(recent(this._sent, now).length, now),
      answeredPerS: this._perSecond(answers.length, now),
      p50Ms: quantile(delays, 0.5),
      p95Ms: quantile(delays, 0.95),
      batch: mean(answers.map(({ batch }) => batch)),
      dropped: ranked(this._dropped),
      errors: ranked(this._errors),
      lastError: this._lastError,
    };
  }

  /** One point for each half second of the last 30: {p50Ms, p95Ms}, or null for an empty one. */
  curve(now) {
    const step = Math.floor(now / CURVE_STEP_MS);
    let last = this._curve.length ? this._curve[this._curve.length - 1].step : step - 1;
    if (step - last > CURVE_POINTS) last = step - CURVE_POINTS;
    while (last < step) {
      last += 1;
      this._curve.push({ step: last, point: this._point(last - 1) });
    }
    this._curve = this._curve.slice(-CURVE_POINTS);
    return this._curve.map(({ point }) => point);
  }

  _point(step) {
    const delays = this._answers
      .filter(({ at }) => Math.floor(at / CURVE_STEP_MS) === step)
      .map(({ delayMs }) => delayMs)
      .sort((a, b) => a - b);
    if (delays.length === 0) return null;
    return { p50Ms: quantile(delays, 0.5), p95Ms: quantile(delays, 0.95) };
  }

  _perSecond(count, now) {
    const running = this._startedAt === null ? SPAN_MS : now - this._startedAt;
    return (1000 * count) / Math.max(1000, Math.min(SPAN_MS, running));
  }
}

function keep(samples, sample, now) {
  samples.push(sample);
  while (samples.length > MOST_SAMPLES || samples[0].at < now - SPAN_MS) samples.shift();
}

function recent(samples, now) {
  return samples.filter(({ at }) => at > now - SPAN_MS);
}

/** The sample at rank ceil(q * n) of a sorted list, null for an empty one. */
function quantile(sorted, q) {
  return sorted.length ? sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] : null;
}

function mean(numbers) {
  return numbers.length ? numbers.reduce((sum, each) => sum + each, 0) / numbers.length : null;
}

function ranked(counts) {
  return [...counts].sort((a, b) => b[1] - a[1]);
}
