/**
 * Measures the uplink's throughput, for sockets that do not report their buffered bytes.
 *
 * Every so often a frame travels between two pings. TCP preserves the order and the server answers
 * pings as they arrive, so the time between the two pongs is what the frame's bytes took on the
 * slowest link, independent of the round trip. Each frame then waits until the previous one should
 * have left; sending sooner would only queue it and make it older.
 *
 * Time is an argument, in ms of any monotonic clock.
 */

const PROBE_INTERVAL_MS = 500;
const MAX_PROBES = 5;
const MAX_PROBE_MS = 10000; // longer means that the phone slept or its clock was changed
const MARK = 'uplink';

export class Uplink {
  constructor() {
    this._nextId = 1;
    /** @type {{bytes: number, ms: number}[]} */
    this._probes = [];
    /** @type {{id: number, bytes: number, startedAt: number|null}|null} awaiting its pongs */
    this._pending = null;
    this._probedAt = -Infinity;
    this._busyUntil = 0;
  }

  /** Forget the measurements: for a new connection. */
  restart() {
    this._probes = [];
    this._pending = null;
    this._probedAt = -Infinity;
    this._busyUntil = 0;
  }

  /**
   * A frame is about to be sent.
   * @param {number} now
   * @param {number} bytes
   * @returns {[string, string]|null} what to ping with before and after it; null: do not probe now
   */
  sending(now, bytes) {
    const rate = this.bytesPerS();
    if (rate !== null) this._busyUntil = Math.max(now, this._busyUntil) + (1000 * bytes) / rate;
    if (this._pending || now - this._probedAt < PROBE_INTERVAL_MS) return null;
    const id = this._nextId;
    this._nextId += 1;
    this._probedAt = now;
    this._pending = { id, bytes, startedAt: null };
    return [`${MARK} ${id} before`, `${MARK} ${id} after`];
  }

  /**
   * A pong arrived. Pongs for other pings are ignored.
   * @param {number} now
   * @param {unknown} t as the ping had it
   */
  pong(now, t) {
    const probe = this._pending;
    if (!probe) return;
    if (t === `${MARK} ${probe.id} before`) probe.startedAt = now;
    if (t !== `${MARK} ${probe.id} after` || probe.startedAt === null) return;
    this._pending = null;
    const ms = now - probe.startedAt;
    if (ms > MAX_PROBE_MS) return;
    this._probes.push({ bytes: probe.bytes, ms });
    if (this._probes.length > MAX_PROBES) this._probes.shift();
  }

  /** @returns {number|null} Infinity if it was too fast to measure, null while unknown */
  bytesPerS() {
    if (this._probes.length === 0) return null;
    let bytes = 0;
    let ms = 0;
    for (const probe of this._probes) {
      bytes += probe.bytes;
      ms += probe.ms;
    }
    return ms > 0 ? (1000 * bytes) / ms : Infinity;
  }

  /**
   * @param {number} now
   * @returns {number} ms until the frames sent so far should have left
   */
  pauseMs(now) {
    return Math.max(0, this._busyUntil - now);
  }
}
