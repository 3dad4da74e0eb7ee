/**
 * Chooses how a frame is made, by what each way has cost on this very phone and network.
 *
 * A way's cost is the time it takes to make a frame and the time its bytes take on the uplink, both
 * measured. Each way is tried on a few frames first. Later the cheapest is used, and every now and
 * then one frame is given to each other way that is not hopeless, because networks change.
 */
'use strict';

const TRIALS = 4; // the first of them pays for tables and caches, and is forgotten
const KEPT = 9;
const AGAIN_MS = 20000;
const HOPELESS = 5; // times the best cost
const MOST_FAILURES = 2;
const USUAL_UPLINK = 500000; // bytes a second, until it is measured

/**
 * @typedef {object} Record
 * @property {number} tries
 * @property {number} failures one after another
 * @property {number} at when it was last used
 * @property {number[]} times ms, the newest last
 * @property {number} bytes of the last frame
 */

/** @returns {Record} */
function blank() {
  return { tries: 0, failures: 0, at: 0, times: [], bytes: 0 };
}

class EncoderSelector {
  /** @param {{name: string, format: string}[]} ways in the order in which they are tried */
  constructor(ways) {
    this._ways = ways;
    /** @type {Map<string, Record>} */
    this._records = new Map();
    for (const { name } of ways) this._records.set(name, blank());
  }

  /** Frames are of another size now, so what was measured does not hold. */
  restart() {
    for (const [name, record] of this._records) {
      this._records.set(name, { ...blank(), failures: record.failures });
    }
  }

  /**
   * @param {number} now
   * @param {string[]} formats that the model takes
   * @param {number|null} uplink bytes a second
   * @returns {string|null} the way for the next frame; null: none works for this model
   */
  choose(now, formats, uplink) {
    const usable = this._ways.filter(
      ({ name, format }) => formats.includes(format) && this._of(name).failures < MOST_FAILURES,
    );
    if (usable.length === 0) return null;
    const untried = usable.find(({ name }) => this._of(name).tries < TRIALS);
    if (untried) return untried.name;
    const costs = usable.map(({ name }) => ({ name, cost: this.cost(name, uplink) }));
    costs.sort((a, b) => a.cost - b.cost);
    const stale = costs.find(
      ({ name, cost }) => now - this._of(name).at > AGAIN_MS && cost < HOPELESS * costs[0].cost,
    );
    return (stale || costs[0]).name;
  }

  /**
   * A frame was made.
   * @param {string} name
   * @param {number} now
   * @param {number} ms
   * @param {number} bytes
   */
  made(name, now, ms, bytes) {
    const record = this._of(name);
    record.tries += 1;
    record.failures = 0;
    record.at = now;
    record.bytes = bytes;
    if (record.tries > 1) record.times.push(ms);
    if (record.times.length > KEPT) record.times.shift();
  }

  /** A frame could not be made; twice in a row, and the way is closed. @param {string} name */
  failed(name) {
    this._of(name).failures += 1;
  }

  /**
   * @param {string} name
   * @param {number|null} uplink bytes a second
   * @returns {number} ms from the camera's frame to the server's end of the uplink
   */
  cost(name, uplink) {
    return this.makingMs(name) + (1000 * this.bytes(name)) / (uplink || USUAL_UPLINK);
  }

  /** @param {string} name @returns {number} the usual time for one frame, 0 while unknown */
  makingMs(name) {
    const sorted = this._of(name).times.slice().sort((a, b) => a - b);
    return sorted.length > 0 ? sorted[sorted.length >> 1] : 0;
  }

  /** @param {string} name @returns {number} bytes of its last frame, 0 while unknown */
  bytes(name) {
    return this._of(name).bytes;
  }

  /** @param {string} name @returns {Record} */
  _of(name) {
    const record = this._records.get(name);
    if (!record) throw new Error(`no way is called ${name}`);
    return record;
  }
}

module.exports = { EncoderSelector };
