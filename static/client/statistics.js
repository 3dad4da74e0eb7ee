/**
 * Live statistics: rates, latency and batch sizes of the last seconds, and the frames lost.
 *
 * Time is an argument, in ms of any monotonic clock.
 */

const SPAN_MS = 5000;
const MAX_SAMPLES = 1000;
const HISTORY_STEP_MS = 500;
const HISTORY_POINTS = 60;

/** @typedef {{p50Ms: number, p95Ms: number}} LatencyPoint */
/** @typedef {{at: number, latencyMs: number, batch: number}} Answer */

/**
 * @typedef {object} StatisticsSnapshot
 * @property {number} sentPerS
 * @property {number} answeredPerS
 * @property {number|null} p50Ms latency; null without results
 * @property {number|null} p95Ms
 * @property {number|null} batch the mean batch size
 * @property {[reason: string, count: number][]} dropped most frequent first
 * @property {[code: string, count: number][]} errors most frequent first
 * @property {string|null} lastError
 */

export class Statistics {
  constructor() {
    /** @type {number|null} */
    this._startedAt = null;
    /** @type {{at: number}[]} */
    this._sent = [];
    /** @type {Answer[]} */
    this._answers = [];
    /** @type {{step: number, point: LatencyPoint|null}[]} */
    this._history = [];
    /** @type {Map<string, number>} by reason */
    this._dropped = new Map();
    /** @type {Map<string, number>} by code */
    this._errors = new Map();
    /** @type {string|null} */
    this._lastError = null;
  }

  /** @param {number} now */
  sent(now) {
    if (this._startedAt === null) this._startedAt = now;
    keep(this._sent, { at: now }, now);
  }

  /**
   * @param {number} now
   * @param {number} latencyMs from the frame's capture to its result
   * @param {number} batch frames in the batch
   */
  answered(now, latencyMs, batch) {
    keep(this._answers, { at: now, latencyMs, batch }, now);
  }

  /** @param {string} reason */
  dropped(reason) {
    tally(this._dropped, reason);
  }

  /**
   * @param {string} code
   * @param {string} message
   */
  failed(code, message) {
    tally(this._errors, code);
    this._lastError = message;
  }

  /**
   * @param {number} now
   * @returns {StatisticsSnapshot}
   */
  snapshot(now) {
    const answers = recent(this._answers, now);
    const latencies = sortedLatencies(answers);
    return {
      sentPerS: this._perSecond(recent(this._sent, now).length, now),
      answeredPerS: this._perSecond(answers.length, now),
      p50Ms: quantile(latencies, 0.5),
      p95Ms: quantile(latencies, 0.95),
      batch: mean(answers.map(({ batch }) => batch)),
      dropped: ranked(this._dropped),
      errors: ranked(this._errors),
      lastError: this._lastError,
    };
  }

  /**
   * The latency of the last 30 s, one point per half second.
   * @param {number} now
   * @returns {(LatencyPoint|null)[]} oldest first; null for a half second without results
   */
  history(now) {
    const step = Math.floor(now / HISTORY_STEP_MS);
    const { length } = this._history;
    let last = length > 0 ? this._history[length - 1].step : step - 1;
    last = Math.max(last, step - HISTORY_POINTS);
    while (last < step) {
      last += 1;
      this._history.push({ step: last, point: this._point(last - 1) });
    }
    this._history = this._history.slice(-HISTORY_POINTS);
    return this._history.map(({ point }) => point);
  }

  /**
   * @param {number} step
   * @returns {LatencyPoint|null}
   */
  _point(step) {
    const answers = this._answers.filter(({ at }) => Math.floor(at / HISTORY_STEP_MS) === step);
    const latencies = sortedLatencies(answers);
    const [p50Ms, p95Ms] = [quantile(latencies, 0.5), quantile(latencies, 0.95)];
    return p50Ms === null || p95Ms === null ? null : { p50Ms, p95Ms };
  }

  /**
   * @param {number} count
   * @param {number} now
   */
  _perSecond(count, now) {
    const runningMs = this._startedAt === null ? SPAN_MS : now - this._startedAt;
    return (1000 * count) / Math.max(1000, Math.min(SPAN_MS, runningMs));
  }
}

/**
 * @template {{at: number}} T
 * @param {T[]} samples
 * @param {T} sample
 * @param {number} now
 */
function keep(samples, sample, now) {
  samples.push(sample);
  while (samples.length > MAX_SAMPLES || samples[0].at < now - SPAN_MS) samples.shift();
}

/**
 * @template {{at: number}} T
 * @param {T[]} samples
 * @param {number} now
 */
function recent(samples, now) {
  return samples.filter(({ at }) => at > now - SPAN_MS);
}

/** @param {Answer[]} answers */
function sortedLatencies(answers) {
  return answers.map(({ latencyMs }) => latencyMs).sort((a, b) => a - b);
}

/**
 * @param {number[]} sorted
 * @param {number} q 0 to 1
 * @returns {number|null} the sample at rank ceil(q * n), null for an empty list
 */
function quantile(sorted, q) {
  return sorted.length ? sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] : null;
}

/** @param {number[]} numbers */
function mean(numbers) {
  return numbers.length ? numbers.reduce((sum, number) => sum + number, 0) / numbers.length : null;
}

/**
 * @param {Map<string, number>} counts
 * @param {string} key
 */
function tally(counts, key) {
  counts.set(key, (counts.get(key) || 0) + 1);
}

/** @param {Map<string, number>} counts */
function ranked(counts) {
  return [...counts].sort((a, b) => b[1] - a[1]);
}
