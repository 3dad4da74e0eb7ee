/**
 * Framewire's JavaScript client: frames out, results in, always the newest frame first.
 *
 *     import { FramewireClient } from '/static/framewire.js';
 *
 *     const client = new FramewireClient({
 *       url: 'wss://example.org/ws',
 *       onResult: (result, frame) => draw(frame, result.boxes),
 *     });
 *     client.open();
 *     // for every image of the camera:
 *     if (client.wantsFrame()) client.offer({ format: 'jpeg', data: await toJpeg(image) });
 *
 * Every frame offered comes back exactly once, as the same object, through `onResult`, `onDropped`
 * or `onError`. Attach whatever belongs to it, such as a bitmap or a buffer, and release it there.
 * At most one frame waits in the client, and a newer one replaces it.
 *
 * States (`onState`), each an object with a `name`:
 *
 *     closed        not opened yet, or closed with `close`
 *     connecting    opening a socket, or waiting for the server's welcome
 *     waiting       connected, but without a model: {code, message} unless no model server answers
 *     ready         frames get results
 *     draining      the server is about to go away; pending outcomes still arrive: {reason}
 *     reconnecting  the connection is lost: {retryInMs, retryAt, attempt, code, reason}
 *     refused       the server rejected this client: {code, message}; no automatic retry
 *
 * No DOM and no host globals except `WebSocket` and timers, and those only if none are passed in.
 */

import { Configuration } from './configuration.js';
import { Connection } from './connection.js';
import { hostFrom, hostSocket } from './host.js';
import { decode, encode } from './msgpack.js';
import { Sender } from './sender.js';

export const CLIENT = 'framewire.js/0.2.0';
export const SUBPROTOCOL = 'framewire.v1.msgpack';

const TRY_LATER = ['backend_unavailable', 'overloaded', 'rate_limited'];

/** @typedef {import('./types.js').Frame} Frame */

/** @template {Frame} [F=Frame] */
export class FramewireClient {
  /** @param {import('./types.js').ClientOptions<F>} options */
  constructor(options) {
    this._callbacks = /** @type {import('./types.js').Callbacks<F>} */ (options);
    this._host = hostFrom(options);
    this._configuration = new Configuration(
      this._host,
      { client: CLIENT, ...options.hello },
      (changed) => this._send({ type: 'configure', ...changed }),
    );
    this._connection = new Connection({
      url: options.url,
      protocols: [SUBPROTOCOL],
      socket: options.socket || hostSocket(),
      host: this._host,
      onConnecting: () => this._connecting(),
      onOpen: () => this._sendHello(),
      onMessage: (data) => this._receive(data),
      onLost: (loss) => this._disconnected(loss),
    });
    /** @type {Sender<F>} */
    this._sender = new Sender({
      host: this._host,
      measureUplink: Boolean(options.measureUplink),
      isDrained: () => this._connection.isDrained(),
      send: (message) => this._send(message),
      onDropped: (dropped, frame) => this._emitDropped(dropped, frame),
      onError: (error, frame) => this._emitError(error, frame),
    });
    /** @type {import('./types.js').State} */
    this._state = { name: 'closed' };
    /** @type {import('./types.js').Welcome|null} */
    this._welcome = null;
    /** @type {import('./types.js').Model|null} */
    this._model = null;
    this._epoch = 0; // another one begins with each connection and with `close`
    /** @type {{code: string, message: string}|null} the reason, if the server closes next */
    this._refusal = null;
    this._counts = {
      results: 0,
      dropped: /** @type {Record<string, number>} */ ({}),
      errors: /** @type {Record<string, number>} */ ({}),
    };
  }

  /** @returns {import('./types.js').Model|null} the model that answers now; null without one */
  get model() {
    return this._model;
  }

  /** Connect. During the wait before a retry, connect immediately. */
  open() {
    this._refusal = null;
    this._connection.open();
  }

  /** End the session. Frames without an outcome are dropped as `disconnected`. */
  close() {
    this._epoch += 1;
    this._connection.close();
    if (this._endSession()) this._enter({ name: 'closed' });
  }

  /**
   * Change the session options, for this connection and later ones. As often as you like: several
   * changes within a moment are sent together, the last value of each option.
   * @param {import('./types.js').SessionOptions} options
   */
  configure(options) {
    if (options.token) this._refusal = null; // it was about the previous token
    this._configuration.change(options);
  }

  /**
   * Tell whether a frame offered now would be sent immediately. Call it once for every frame of
   * the source, before encoding it: the calls also measure the source's frame rate.
   * @returns {boolean}
   */
  wantsFrame() {
    return this._sender.wantsFrame();
  }

  /**
   * Send a frame, or hold it until it may be sent. A newer frame replaces the one held.
   * @param {F} frame
   * @throws {TypeError} if it has no format or no data
   */
  offer(frame) {
    if (!frame || !frame.format || !frame.data || !(frame.data.byteLength >= 0)) {
      throw new TypeError('a frame needs `format`, and `data` as a Uint8Array or an ArrayBuffer');
    }
    this._sender.offer(frame);
  }

  /** @returns {import('./types.js').Stats} a frozen snapshot; times in ms, rates per second */
  stats() {
    const { results, dropped, errors } = this._counts;
    return Object.freeze({
      ...this._sender.stats(),
      results,
      dropped: Object.freeze({ ...dropped }),
      errors: Object.freeze({ ...errors }),
      state: this._state.name,
    });
  }

  // The session. Any callback may close the client, or open it again: what it was about is over then.

  _connecting() {
    this._epoch += 1;
    this._enter({ name: 'connecting' });
  }

  _sendHello() {
    this._sender.connected();
    this._send({ type: 'hello', ...this._configuration.hello() });
  }

  /** @param {Uint8Array|ArrayBuffer} data */
  _receive(data) {
    let message;
    try {
      message = decode(data);
    } catch (error) {
      const text = `unreadable message from the server: ${/** @type {Error} */ (error).message}`;
      return this._emitError({ code: 'bad_message', message: text, retryable: false }, null);
    }
    return this._handle(message || {});
  }

  /** @param {import('./types.js').ServerMessage} message of a type that may be unknown to this version */
  _handle(message) {
    switch (message.type) {
      case 'welcome':
        return this._welcomed(message);
      case 'result':
        return this._result(message);
      case 'dropped':
        return this._dropped(message);
      case 'error':
        return this._error(message);
      case 'model_changed':
        return this._modelChanged(message.model);
      case 'pace':
        return this._sender.pace(message.frames_per_s || null);
      case 'going_away':
        return this._goingAway(message);
      case 'pong':
        return this._sender.pong(message.t);
      default:
        return undefined;
    }
  }

  /** @param {import('./types.js').Welcome} welcome */
  _welcomed(welcome) {
    const ping = () => this._send({ type: 'ping', t: this._host.now() });
    this._connection.welcomed(welcome.heartbeat_s, ping);
    this._welcome = welcome;
    this._configuration.welcomed();
    const goesOn = this._notify(() => this._callbacks.onWelcome && this._callbacks.onWelcome(welcome));
    if (goesOn) this._modelChanged(welcome.model);
  }

  /** @param {import('./types.js').Model|null} model */
  _modelChanged(model) {
    this._model = model || null;
    this._sender.modelChanged();
    if (!this._notify(() => this._callbacks.onModel && this._callbacks.onModel(this._model))) return;
    const isDraining = this._state.name === 'draining';
    if (!this._welcome || !this._model || isDraining) this._sender.suspend('not_ready');
    else this._sender.resume(this._welcome.limits);
    if (!isDraining) this._enter({ name: this._model ? 'ready' : 'waiting' });
  }

  /** @param {import('./types.js').GoingAway} message */
  _goingAway({ reconnect_after_ms: delayMs, reason }) {
    this._connection.retryAfter(delayMs);
    this._enter({ name: 'draining', reason });
    this._sender.suspend('not_ready');
  }

  /** @param {import('./types.js').ConnectionLoss} loss */
  _disconnected(loss) {
    if (!this._endSession()) return undefined;
    if (this._refusal) return this._refuse(this._refusal);
    return this._enter({ name: 'reconnecting', ...loss });
  }

  /** @returns {boolean} whether no callback has closed or opened the client meanwhile */
  _endSession() {
    const epoch = this._epoch;
    this._welcome = null;
    this._model = null;
    this._configuration.disconnected();
    this._sender.disconnected();
    return epoch === this._epoch;
  }

  // Outcomes

  /** @param {import('./types.js').Result} result */
  _result(result) {
    const frame = this._sender.answered(result.id);
    if (!frame) return;
    this._counts.results += 1;
    this._notify(() => this._callbacks.onResult && this._callbacks.onResult(result, frame));
    this._sender.flush();
  }

  /** @param {import('./types.js').Dropped & {id: number}} message */
  _dropped(message) {
    const frame = this._sender.settle(message.id);
    if (!frame) return;
    if (TRY_LATER.includes(message.reason)) this._sender.backOff();
    this._emitDropped(message, frame);
    this._sender.flush();
  }

  /** @param {import('./types.js').Failure} error */
  _error(error) {
    const frame = error.id === undefined ? null : this._sender.settle(error.id);
    if (TRY_LATER.includes(error.code)) this._sender.backOff();
    const goesOn = this._emitError(error, frame);
    if (goesOn && !frame) this._sessionError(error);
    this._sender.flush();
  }

  /** @param {import('./types.js').Failure} error */
  _sessionError({ code, message, retryable }) {
    if (!this._welcome && !retryable) return this._refuse({ code, message });
    if (code === 'unauthorized') this._refusal = { code, message }; // in case the server closes now
    if (this._state.name === 'waiting') this._enter({ name: 'waiting', code, message });
    return undefined;
  }

  /** @param {{code: string, message: string}} reason */
  _refuse(reason) {
    this._connection.close();
    this._enter({ name: 'refused', ...reason });
  }

  /**
   * @param {import('./types.js').Dropped} dropped
   * @param {F} frame
   */
  _emitDropped(dropped, frame) {
    tally(this._counts.dropped, dropped.reason);
    this._notify(() => this._callbacks.onDropped && this._callbacks.onDropped(dropped, frame));
  }

  /**
   * @param {import('./types.js').Failure} error
   * @param {F|null} frame
   * @returns {boolean} whether the callback has neither closed nor opened the client
   */
  _emitError(error, frame) {
    tally(this._counts.errors, error.code);
    return this._notify(() => this._callbacks.onError && this._callbacks.onError(error, frame));
  }

  /** @param {import('./types.js').State} state */
  _enter(state) {
    if (state.name === this._state.name && Object.keys(state).length === 1) return;
    this._state = Object.freeze(state);
    this._notify(() => this._callbacks.onState && this._callbacks.onState(this._state));
  }

  /** @param {object} message */
  _send(message) {
    this._connection.send(encode(message));
  }

  /**
   * Run a callback. An exception in it surfaces as uncaught, without affecting other frames.
   * @param {() => void} call
   * @returns {boolean} whether it has neither closed nor opened the client
   */
  _notify(call) {
    const epoch = this._epoch;
    try {
      call();
    } catch (error) {
      this._host.setTimeout(() => {
        throw error;
      }, 0);
    }
    return epoch === this._epoch;
  }
}

/**
 * @param {Record<string, number>} counts
 * @param {string} key
 */
function tally(counts, key) {
  counts[key] = (counts[key] || 0) + 1;
}
