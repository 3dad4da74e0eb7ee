/**
 * Selects how frames are encoded, by what each encoding has cost on this phone and network.
 *
 * The cost is the time to encode a frame plus the time its bytes take on the uplink, both measured.
 * Each encoding is tried on a few frames first. After that the cheapest is used, and from time to
 * time one frame goes to each of the others that is not hopeless, because networks change.
 */
'use strict';

const TRIALS = 4; // the first is not measured: it fills tables and caches
const MAX_SAMPLES = 9;
const RETRY_MS = 20000;
const HOPELESS = 5; // times the lowest cost
const MAX_FAILURES = 2;
const DEFAULT_UPLINK = 500000; // bytes per second, until it is measured

/** @typedef {import('./index').Encoding} Encoding */

/**
 * @typedef {object} Metrics
 * @property {number} tries
 * @property {number} failures in a row
 * @property {number} lastUsedAt
 * @property {number[]} times ms, newest last
 * @property {number} bytes of the last frame
 */

/** @returns {Metrics} */
function noMetrics() {
  return { tries: 0, failures: 0, lastUsedAt: 0, times: [], bytes: 0 };
}

class EncoderSelector {
  /**
   * @param {{name: Encoding, format: string, keepsShape?: boolean}[]} encodings in the order to try
   *   them; `keepsShape`: it cannot rotate or mirror
   */
  constructor(encodings) {
    this._encodings = encodings;
    /** @type {Map<Encoding, Metrics>} */
    this._metrics = new Map();
    for (const { name } of encodings) this._metrics.set(name, noMetrics());
  }

  /** Discard the measurements: the frame size has changed. */
  restart() {
    for (const [name, { failures }] of this._metrics) {
      this._metrics.set(name, { ...noMetrics(), failures });
    }
  }

  /**
   * @param {number} now
   * @param {string[]} formats that the model accepts
   * @param {number|null} uplinkBytesPerS
   * @param {boolean} [isUpright] whether the frame is neither rotated nor mirrored
   * @returns {Encoding|null} for the next frame; null if none works with this model
   */
  select(now, formats, uplinkBytesPerS, isUpright = true) {
    const usable = this._usable(formats).filter(({ keepsShape }) => isUpright || !keepsShape);
    if (usable.length === 0) return null;
    const untried = usable.find(({ name }) => this._of(name).tries < TRIALS);
    if (untried) return untried.name;
    const costs = usable.map(({ name }) => ({ name, cost: this.cost(name, uplinkBytesPerS) }));
    costs.sort((a, b) => a.cost - b.cost);
    const stale = costs.find(
      ({ name, cost }) => now - this._of(name).lastUsedAt > RETRY_MS && cost < HOPELESS * costs[0].cost,
    );
    return (stale || costs[0]).name;
  }

  /**
   * @param {string[]} formats that the model accepts
   * @param {number|null} uplinkBytesPerS
   * @returns {Encoding|null} the one with the lowest cost; null until each has been tried
   */
  cheapest(formats, uplinkBytesPerS) {
    const usable = this._usable(formats);
    if (usable.length === 0 || usable.some(({ name }) => this._of(name).tries < TRIALS)) return null;
    const costs = usable.map(({ name }) => ({ name, cost: this.cost(name, uplinkBytesPerS) }));
    return costs.reduce((best, other) => (other.cost < best.cost ? other : best)).name;
  }

  /**
   * @param {string[]} formats that the model accepts
   * @returns {boolean} whether every encoding that it accepts has failed
   */
  hasFailed(formats) {
    const isAccepted = this._encodings.some(({ format }) => formats.includes(format));
    return isAccepted && this._usable(formats).length === 0;
  }

  /** @param {string[]} formats */
  _usable(formats) {
    return this._encodings.filter(
      ({ name, format }) => formats.includes(format) && this._of(name).failures < MAX_FAILURES,
    );
  }

  /**
   * A frame was encoded.
   * @param {Encoding} name
   * @param {number} now
   * @param {number} ms
   * @param {number} bytes
   */
  succeeded(name, now, ms, bytes) {
    const metrics = this._of(name);
    metrics.tries += 1;
    metrics.failures = 0;
    metrics.lastUsedAt = now;
    metrics.bytes = bytes;
    if (metrics.tries > 1) metrics.times.push(ms);
    if (metrics.times.length > MAX_SAMPLES) metrics.times.shift();
  }

  /**
   * A frame could not be encoded. An encoding that fails twice in a row is not used again.
   * @param {Encoding} name
   * @returns {boolean} whether it is abandoned now
   */
  failed(name) {
    const metrics = this._of(name);
    metrics.failures += 1;
    return metrics.failures === MAX_FAILURES;
  }

  /**
   * @param {Encoding} name
   * @param {number|null} uplinkBytesPerS
   * @returns {number} ms from the camera's frame to the end of the upload
   */
  cost(name, uplinkBytesPerS) {
    return this.encodeMs(name) + (1000 * this.bytes(name)) / (uplinkBytesPerS || DEFAULT_UPLINK);
  }

  /**
   * @param {Encoding} name
   * @returns {number} the median time for one frame, 0 while unknown
   */
  encodeMs(name) {
    const sorted = this._of(name).times.slice().sort((a, b) => a - b);
    return sorted.length > 0 ? sorted[sorted.length >> 1] : 0;
  }

  /**
   * @param {Encoding} name
   * @returns {number} the size of its last frame, 0 while unknown
   */
  bytes(name) {
    return this._of(name).bytes;
  }

  /**
   * @param {Encoding} name
   * @returns {Metrics}
   */
  _of(name) {
    const metrics = this._metrics.get(name);
    if (!metrics) throw new Error(`unknown encoding: ${name}`);
    return metrics;
  }
}

module.exports = { EncoderSelector };
