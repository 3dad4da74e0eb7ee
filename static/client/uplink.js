/**
 * How fast the way to the server takes bytes, for sockets that do not tell what they still hold.
 *
 * Now and then a frame travels between two pings. TCP keeps the order and the server answers a ping
 * as it arrives, so the time from one pong to the other is what the frame's bytes took on the
 * narrowest part of the way, whatever the round trip is. From then on each frame waits until the
 * one before it should have left: more would only stand in a queue and grow old.
 *
 * Time is an argument, in milliseconds of any clock that does not jump.
 */

const PROBE_EVERY_MS = 500;
const KEPT_PROBES = 5;
const LONGEST_PROBE_MS = 10000; // beyond this the phone has slept, or its clock was put forward
const MARK = 'uplink';

export class Uplink {
  constructor() {
    this._next = 1;
    this.restart();
  }

  /** A new connection: another way, perhaps. */
  restart() {
    this._probes = []; // {bytes, ms}
    this._open = null; // the probe that waits for its pongs: {id, bytes, startedAt}
    this._probedAt = -Infinity;
    this._busyUntil = 0;
  }

  /**
   * A frame of so many bytes is about to go.
   * @param {number} now
   * @param {number} bytes
   * @returns {string[]|null} what to send as pings before and behind it; null: nothing this time
   */
  sending(now, bytes) {
    const rate = this.bytesPerS();
    if (rate !== null) this._busyUntil = Math.max(now, this._busyUntil) + (1000 * bytes) / rate;
    if (this._open || now - this._probedAt < PROBE_EVERY_MS) return null;
    const id = this._next;
    this._next += 1;
    this._probedAt = now;
    this._open = { id, bytes, startedAt: null };
    return [`${MARK} ${id} before`, `${MARK} ${id} behind`];
  }

  /** A pong came back with this `t`; those of others are passed over. */
  pong(now, t) {
    const probe = this._open;
    if (!probe) return;
    if (t === `${MARK} ${probe.id} before`) probe.startedAt = now;
    if (t !== `${MARK} ${probe.id} behind` || probe.startedAt === null) return;
    this._open = null;
    const ms = now - probe.startedAt;
    if (ms > LONGEST_PROBE_MS) return;
    this._probes.push({ bytes: probe.bytes, ms });
    if (this._probes.length > KEPT_PROBES) this._probes.shift();
  }

  /** @returns {number|null} bytes a second; Infinity where no time passed, null while unknown */
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

  /** @returns {number} ms until the frames that went should have left */
  pauseMs(now) {
    return Math.max(0, this._busyUntil - now);
  }
}
