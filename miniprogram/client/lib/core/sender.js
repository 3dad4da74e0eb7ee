// Generated from static/client/sender.js by `make miniprogram`; do not edit.
'use strict';

/**
 * Decides when a frame may be sent, and tracks the frames without an outcome.
 *
 * One frame at most is held back: the newest. It leaves once there is room in the window, no pause
 * is in effect, and the socket's buffer is empty.
 */

const { Pacing } = require('./pacing.js');
const { Uplink } = require('./uplink.js');

const SOCKET_BUSY_MS = 10; // polling interval: sockets do not report when their buffer is empty

/** @typedef {import('./types.js').Frame} Frame */

/** @template {Frame} [F=Frame] */
class Sender {
  /**
   * @param {object} options
   * @param {import('./types.js').Host} options.host
   * @param {boolean} options.measureUplink
   * @param {() => boolean} options.isDrained whether the socket's buffer is empty
   * @param {(message: object) => void} options.send
   * @param {(dropped: import('./types.js').Dropped, frame: F) => void} options.onDropped
   * @param {(error: import('./types.js').Failure, frame: F) => void} options.onError
   */
  constructor(options) {
    this._options = options;
    this._host = options.host;
    this._pacing = new Pacing();
    this._uplink = new Uplink();
    /** @type {import('./types.js').Limits|null} null while no frame may be sent */
    this._limits = null;
    this._lastId = 0;
    /** @type {Map<number, {frame: F, sentAt: number}>} by frame id */
    this._outstanding = new Map();
    /** @type {F|null} the frame held back */
    this._waiting = null;
    /** @type {unknown} */
    this._timer = null;
    this._isCounted = false; // the next frame offered was seen by wantsFrame
    this._counts = { offered: 0, sent: 0, bytes: 0 };
  }

  // What the session reports

  /** A new connection is open. */
  connected() {
    this._uplink.restart();
    this._pacing.advise(this._host.now(), null);
  }

  /** Another model: its round trips differ, and the reason to back off is gone. */
  modelChanged() {
    this._pacing.restart();
  }

  /**
   * Frames may be sent.
   * @param {import('./types.js').Limits} limits
   */
  resume(limits) {
    this._limits = limits;
    this.flush();
  }

  /**
   * No frame may be sent. Outcomes still arrive.
   * @param {string} reason why the frame held back is dropped
   */
  suspend(reason) {
    this._limits = null;
    this._stopTimer();
    const frame = this._waiting;
    this._waiting = null;
    if (frame) this._options.onDropped({ reason }, frame);
  }

  /** The connection is gone, and with it every outcome still due. */
  disconnected() {
    this.suspend('disconnected');
    const lost = [...this._outstanding];
    this._outstanding.clear();
    for (const [id, { frame }] of lost) this._options.onDropped({ id, reason: 'disconnected' }, frame);
  }

  /** The server is overloaded: pause for a while. */
  backOff() {
    this._pacing.failed(this._host.now());
  }

  /**
   * The server advises on the frame rate.
   * @param {number|null} framesPerS null: as many as there are
   */
  pace(framesPerS) {
    this._pacing.advise(this._host.now(), framesPerS);
    this.flush();
  }

  /** @param {unknown} t as the ping had it */
  pong(t) {
    this._uplink.pong(this._host.now(), t);
  }

  // Frames

  /** @returns {boolean} whether a frame offered now would be sent immediately */
  wantsFrame() {
    this._pacing.frameSeen(this._host.now());
    const wants = this._waiting === null && this._delay() === 0;
    this._isCounted = this._isCounted || wants;
    return wants;
  }

  /** @param {F} frame */
  offer(frame) {
    if (!this._isCounted) this._pacing.frameSeen(this._host.now());
    this._isCounted = false;
    this._counts.offered += 1;
    if (!this._limits) return this._options.onDropped({ reason: 'not_ready' }, frame);
    const replaced = this._waiting;
    this._waiting = frame;
    if (replaced) this._options.onDropped({ reason: 'superseded_locally' }, replaced);
    return this.flush();
  }

  /**
   * A frame has its outcome.
   * @param {number} id
   * @returns {F|null} the frame; null if the id is unknown
   */
  settle(id) {
    const entry = this._outstanding.get(id);
    this._outstanding.delete(id);
    return entry ? entry.frame : null;
  }

  /**
   * A frame has its result, which also measures the round trip.
   * @param {number} id
   * @returns {F|null} the frame; null if the id is unknown
   */
  answered(id) {
    const entry = this._outstanding.get(id);
    if (!entry) return null;
    const now = this._host.now();
    this._pacing.answered(now, now - entry.sentAt);
    return this.settle(id);
  }

  /** Send the frame held back, or set a timer for it. */
  flush() {
    if (!this._waiting) return;
    this._stopTimer();
    const delay = this._delay();
    if (delay === 0) this._sendWaiting();
    else if (delay < Infinity) this._timer = this._host.setTimeout(() => this.flush(), delay);
  }

  stats() {
    return {
      ...this._counts,
      outstanding: this._outstanding.size,
      waiting: this._waiting ? 1 : 0,
      limit: this._limit(),
      sourceRate: this._pacing.rate(),
      tripMs: this._pacing.tripMs(),
      uplinkBytesPerS: this._uplink.bytesPerS(),
    };
  }

  _limit() {
    return this._pacing.limit(this._limits ? this._limits.window : 1);
  }

  /** Ms until a frame may be sent: 0 for now, Infinity if only an outcome can make room. */
  _delay() {
    if (!this._limits || this._outstanding.size >= this._limit()) return Infinity;
    const now = this._host.now();
    const pause = Math.max(this._pacing.pauseMs(now), this._uplink.pauseMs(now));
    if (pause > 0) return pause;
    return this._options.isDrained() ? 0 : SOCKET_BUSY_MS;
  }

  _sendWaiting() {
    const frame = this._waiting;
    if (!frame || !this._limits) return;
    this._waiting = null;
    const maxBytes = this._limits.max_frame_bytes;
    const bytes = frame.data.byteLength;
    if (bytes <= maxBytes) return this._send(frame, bytes);
    const message = `frame has ${bytes} bytes; the server's limit is ${maxBytes}`;
    return this._options.onError({ code: 'frame_too_large', message, retryable: false }, frame);
  }

  /**
   * @param {F} frame
   * @param {number} bytes
   */
  _send(frame, bytes) {
    const { format, width, height, data, captured_at } = frame;
    const now = this._host.now();
    this._pacing.sent(now);
    this._lastId += 1;
    this._outstanding.set(this._lastId, { frame, sentAt: now });
    this._counts.sent += 1;
    this._counts.bytes += bytes;
    const pings = this._options.measureUplink ? this._uplink.sending(now, bytes) : null;
    const { send } = this._options;
    if (pings) send({ type: 'ping', t: pings[0] });
    this._transmit({ type: 'frame', id: this._lastId, format, width, height, data, captured_at });
    if (pings) send({ type: 'ping', t: pings[1] });
  }

  /**
   * Send a frame, or give it back if the wire has nothing for one of its values, such as a Date.
   * @param {{type: string, id: number, [field: string]: unknown}} message
   */
  _transmit(message) {
    try {
      this._options.send(message);
    } catch (error) {
      const frame = this.settle(message.id);
      const text = /** @type {Error} */ (error).message;
      if (frame) this._options.onError({ code: 'bad_frame', message: text, retryable: false }, frame);
    }
  }

  _stopTimer() {
    if (this._timer !== null) this._host.clearTimeout(this._timer);
    this._timer = null;
  }
}

module.exports = { Sender };
