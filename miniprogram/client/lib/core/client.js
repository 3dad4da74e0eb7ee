// Generated from static/client/client.js by `make miniprogram`; do not edit.
'use strict';

/**
 * Framewire's JavaScript client: frames out, results in, always the newest frame first.
 *
 *     import { FramewireClient } from './framewire.js';
 *
 *     const client = new FramewireClient({
 *       url: 'wss://example.org/ws',
 *       onResult: (result, frame) => draw(frame, result.boxes),
 *     });
 *     client.open();
 *     // for every picture of the camera:
 *     if (client.wantsFrame()) client.offer({ format: 'jpeg', data: await toJpeg(picture) });
 *
 * Every frame that was offered comes back exactly once, as the same object, by `onResult`,
 * `onDropped` or `onError`; so whatever belongs to it (a bitmap, a buffer) can ride on it and be
 * released there. At most one frame waits here, and a newer one takes its place.
 *
 * States (`onState`), each an object with a `name`:
 *
 *     closed        not opened, or closed by `close`
 *     connecting    a socket is opening, or the server has not said welcome yet
 *     waiting       connected, but there is no model, so frames would only fail; {code, message}
 *                   say why if that is more than that no model server answers
 *     ready         frames are answered
 *     draining      the server goes away soon; outcomes still come: {reason}
 *     reconnecting  the server is gone: {retryInMs, retryAt, attempt, code, reason}
 *     refused       the server does not want this client: {code, message}; no retry by itself
 *
 * No DOM, no host globals but `WebSocket` and timers, and those only where none are handed in.
 */

const { now } = require('./clock.js');
const { Connection } = require('./connection.js');
const { decode, encode } = require('./msgpack.js');
const { Pacing } = require('./pacing.js');
const { Uplink } = require('./uplink.js');

const CLIENT = 'framewire.js/0.1.0';
const SUBPROTOCOL = 'framewire.v1.msgpack';

const SOCKET_BUSY_MS = 10; // a socket tells nobody when its buffer is empty
const TRY_LATER = ['backend_unavailable', 'overloaded', 'rate_limited'];

const HOST = {
  now,
  setTimeout: (act, ms) => setTimeout(act, ms),
  clearTimeout: (timer) => clearTimeout(timer),
  random: () => Math.random(),
};

class FramewireClient {
  /**
   * @param {object} options
   * @param {string} options.url of the gateway's WebSocket
   * @param {function(string, string[]): object} [options.socket] makes a socket that looks like a
   *   WebSocket: onopen, onmessage, onclose, send(ArrayBuffer), close(code), bufferedAmount?
   * @param {boolean} [options.measureUplink] for sockets without `bufferedAmount`: send no faster
   *   than the way to the server takes, found out by pings around some frames
   * @param {object} [options.hello] model, label, version, token, min_score, max_results, client
   * @param {function(object): void} [options.onState]
   * @param {function(object): void} [options.onWelcome] the whole welcome
   * @param {function(object|null): void} [options.onModel] the model, now and whenever it changes
   * @param {function(object, object): void} [options.onResult] (result, frame)
   * @param {function(object, object): void} [options.onDropped] ({reason, id?}, frame). Reasons of our
   *   own: `superseded_locally`, `not_ready`, `disconnected`
   * @param {function(object, object|null): void} [options.onError] ({code, message, retryable}, frame);
   *   without a frame the error concerns the session
   * @param {function(): number} [options.now] a clock in ms that does not jump
   * @param {function} [options.setTimeout]
   * @param {function} [options.clearTimeout]
   * @param {function(): number} [options.random] 0 to 1
   */
  constructor(options) {
    this._on = options;
    this._host = {};
    for (const name of Object.keys(HOST)) this._host[name] = options[name] || HOST[name];
    this._hello = { client: CLIENT, ...options.hello };
    this._pacing = new Pacing();
    this._uplink = new Uplink();
    this._connection = new Connection({
      url: options.url,
      protocols: [SUBPROTOCOL],
      socket: options.socket || browserSocket,
      host: this._host,
      onTrying: () => this._enter({ name: 'connecting' }),
      onOpen: () => this._opened(),
      onMessage: (data) => this._received(data),
      onLost: (loss) => this._lost(loss),
    });
    this._state = { name: 'closed' };
    this._welcome = null;
    this._model = null;
    this._lastId = 0;
    this._outstanding = new Map(); // id -> {frame, sentAt}
    this._waiting = null; // the one frame that may not go yet
    this._announced = false;
    this._flushTimer = null;
    this._refusal = null;
    this._unsaid = {}; // options that changed between hello and welcome
    this._count = { offered: 0, sent: 0, bytes: 0, results: 0, dropped: {}, errors: {} };
  }

  /** Connects; while waiting for a retry it connects now. */
  open() {
    this._refusal = null;
    this._connection.open();
  }

  /** Ends the session. Frames without an outcome are dropped as `disconnected`. */
  close() {
    this._connection.close();
    this._endSession();
    this._enter({ name: 'closed' });
  }

  /**
   * Changes hello's options, now and for every later connection.
   * @param {object} options model, label, version, token, min_score, max_results
   */
  configure(options) {
    if (options.token) this._refusal = null; // what was wrong was the old one
    Object.assign(this._hello, options);
    if (this._welcome) this._send({ type: 'configure', ...options });
    else Object.assign(this._unsaid, options);
  }

  /**
   * Whether a frame offered now would be sent at once. Ask once for every frame of the source,
   * before the work of encoding it: the answers also measure the source's rate.
   */
  wantsFrame() {
    this._pacing.frameSeen(this._host.now());
    const wants = this._waiting === null && this._delay() === 0;
    this._announced = this._announced || wants;
    return wants;
  }

  /**
   * Sends a frame, or keeps it until there is room and drops the one kept before.
   *
   * @param {object} frame
   * @param {string} frame.format jpeg, png, webp, rgba, rgb or gray
   * @param {Uint8Array|ArrayBuffer} frame.data
   * @param {number} [frame.width] in pixels; required for the raw formats
   * @param {number} [frame.height]
   * @param {number} [frame.captured_at] ms of the caller's clock; the result repeats it
   */
  offer(frame) {
    if (!frame || !frame.format || !frame.data || !(frame.data.byteLength >= 0)) {
      throw new TypeError('a frame needs a format, and data in a Uint8Array or an ArrayBuffer');
    }
    if (!this._announced) this._pacing.frameSeen(this._host.now());
    this._announced = false;
    this._count.offered += 1;
    if (!this._isReady()) return this._drop(frame, { reason: 'not_ready' });
    const replaced = this._waiting;
    this._waiting = frame;
    if (replaced) this._drop(replaced, { reason: 'superseded_locally' });
    return this._flush();
  }

  /** @returns {object} a frozen snapshot of counts and of the pace; times in ms, rates in 1/s */
  stats() {
    const { dropped, errors, ...counts } = this._count;
    return Object.freeze({
      ...counts,
      dropped: Object.freeze({ ...dropped }),
      errors: Object.freeze({ ...errors }),
      state: this._state.name,
      outstanding: this._outstanding.size,
      waiting: this._waiting ? 1 : 0,
      limit: this._limit(),
      sourceRate: this._pacing.rate(),
      tripMs: this._pacing.tripMs(),
      uplinkBytesPerS: this._uplink.bytesPerS(),
    });
  }

  // The session

  _opened() {
    this._unsaid = {};
    this._uplink.restart();
    this._send({ type: 'hello', ...this._hello });
  }

  _received(data) {
    let message;
    try {
      message = decode(data);
    } catch (error) {
      const text = `unreadable message from the server: ${error.message}`;
      return this._failed({ code: 'bad_message', message: text, retryable: false }, null);
    }
    return this._handle(message || {});
  }

  _handle(message) {
    switch (message.type) {
      case 'welcome':
        return this._welcomed(message);
      case 'result':
        return this._answered(message);
      case 'dropped':
        return this._dropped(message);
      case 'error':
        return this._errored(message);
      case 'model_changed':
        return this._modelChanged(message.model);
      case 'going_away':
        return this._goingAway(message);
      case 'pong':
        return this._uplink.pong(this._host.now(), message.t);
      default:
        return undefined; // what later versions say
    }
  }

  _welcomed(welcome) {
    const ping = () => this._send({ type: 'ping', t: this._host.now() });
    this._connection.welcomed(welcome.heartbeat_s, ping);
    this._welcome = welcome;
    if (Object.keys(this._unsaid).length > 0) this.configure(this._unsaid);
    this._tell('onWelcome', welcome);
    this._modelChanged(welcome.model);
  }

  _modelChanged(model) {
    this._model = model || null;
    this._pacing.restart();
    this._tell('onModel', this._model);
    if (this._state.name !== 'draining') this._enter({ name: this._model ? 'ready' : 'waiting' });
    if (!this._model) this._dropWaiting('not_ready');
    this._flush();
  }

  _goingAway({ reconnect_after_ms: after, reason }) {
    this._connection.retryAfter(after);
    this._enter({ name: 'draining', reason });
    this._dropWaiting('not_ready');
  }

  _lost(loss) {
    this._endSession();
    if (this._refusal) return this._refused(this._refusal);
    return this._enter({ name: 'reconnecting', ...loss });
  }

  _endSession() {
    this._welcome = null;
    this._model = null;
    this._dropWaiting('disconnected');
    const lost = [...this._outstanding];
    this._outstanding.clear();
    for (const [id, { frame }] of lost) this._drop(frame, { id, reason: 'disconnected' });
  }

  // Outcomes

  _answered(result) {
    const sent = this._settle(result.id);
    if (!sent) return;
    const now = this._host.now();
    this._pacing.answered(now, now - sent.sentAt);
    this._count.results += 1;
    this._tell('onResult', result, sent.frame);
    this._flush();
  }

  _dropped(message) {
    const sent = this._settle(message.id);
    if (!sent) return;
    if (TRY_LATER.includes(message.reason)) this._pacing.failed(this._host.now());
    this._drop(sent.frame, message);
    this._flush();
  }

  _errored(error) {
    const sent = this._settle(error.id);
    if (TRY_LATER.includes(error.code)) this._pacing.failed(this._host.now());
    this._failed(error, sent ? sent.frame : null);
    if (!sent) this._concernsSession(error);
    this._flush();
  }

  _concernsSession({ code, message, retryable }) {
    if (!this._welcome && !retryable) return this._refused({ code, message });
    if (code === 'unauthorized') this._refusal = { code, message }; // if the server now closes
    if (this._state.name === 'waiting') this._enter({ name: 'waiting', code, message });
    return undefined;
  }

  _refused(why) {
    this._connection.close();
    this._enter({ name: 'refused', ...why });
  }

  _settle(id) {
    const sent = this._outstanding.get(id);
    this._outstanding.delete(id);
    return sent;
  }

  _drop(frame, message) {
    tally(this._count.dropped, message.reason);
    this._tell('onDropped', message, frame);
  }

  _dropWaiting(reason) {
    const frame = this._waiting;
    this._waiting = null;
    this._stopTimer();
    if (frame) this._drop(frame, { reason });
  }

  _failed(error, frame) {
    tally(this._count.errors, error.code);
    this._tell('onError', error, frame);
  }

  // Sending

  _isReady() {
    return this._model !== null && this._state.name === 'ready';
  }

  _limit() {
    return this._pacing.limit(this._welcome ? this._welcome.limits.window : 1);
  }

  /** Ms until a frame may go: 0 now, Infinity when only an outcome can make room. */
  _delay() {
    if (!this._isReady() || this._outstanding.size >= this._limit()) return Infinity;
    const now = this._host.now();
    const pause = Math.max(this._pacing.pauseMs(now), this._uplink.pauseMs(now));
    if (pause > 0) return pause;
    return this._connection.isDrained() ? 0 : SOCKET_BUSY_MS;
  }

  _flush() {
    if (!this._waiting) return;
    this._stopTimer();
    const delay = this._delay();
    if (delay === 0) this._sendWaiting();
    else if (delay < Infinity) {
      this._flushTimer = this._host.setTimeout(() => this._flush(), delay);
    }
  }

  _sendWaiting() {
    const frame = this._waiting;
    this._waiting = null;
    const most = this._welcome.limits.max_frame_bytes;
    const length = frame.data.byteLength;
    if (length > most) {
      const message = `a frame of ${length} bytes; the server takes at most ${most}`;
      this._failed({ code: 'frame_too_large', message, retryable: false }, frame);
      return;
    }
    const { format, width, height, data, captured_at } = frame;
    const now = this._host.now();
    this._lastId += 1;
    this._outstanding.set(this._lastId, { frame, sentAt: now });
    this._count.sent += 1;
    this._count.bytes += length;
    const marks = this._on.measureUplink ? this._uplink.sending(now, length) : null;
    if (marks) this._send({ type: 'ping', t: marks[0] });
    this._send({ type: 'frame', id: this._lastId, format, width, height, data, captured_at });
    if (marks) this._send({ type: 'ping', t: marks[1] });
  }

  _send(message) {
    this._connection.send(encode(message));
  }

  _stopTimer() {
    if (this._flushTimer !== null) this._host.clearTimeout(this._flushTimer);
    this._flushTimer = null;
  }

  _enter(state) {
    if (state.name === this._state.name && Object.keys(state).length === 1) return;
    this._state = Object.freeze(state);
    this._tell('onState', this._state);
  }

  /** A callback's own error is its own affair: it surfaces, but costs no other frame. */
  _tell(name, ...details) {
    if (!this._on[name]) return;
    try {
      this._on[name](...details);
    } catch (error) {
      this._host.setTimeout(() => {
        throw error;
      }, 0);
    }
  }
}

function browserSocket(url, protocols) {
  // @ts-ignore: a mini-program has no such thing and hands in its own.
  return new WebSocket(url, protocols);
}

function tally(counts, key) {
  counts[key] = (counts[key] || 0) + 1;
}

module.exports = { CLIENT, SUBPROTOCOL, FramewireClient };
