/**
 * A mini-program's socket in the shape of a WebSocket.
 *
 * What differs on phones, and is made even here: a failed connection may report an error and never
 * a close; on iOS a socket that died in the background may be reported to `wx.onSocketClose` only;
 * a socket that is closed before it has opened opens all the same.
 */
'use strict';

const CLOSED_BY_ERROR = 1006;
const OPEN = 1; // SocketTask.readyState
const CONNECT_TIMEOUT_MS = 10000;

/** @type {Set<MiniSocket>} */
const alive = new Set();
let listening = false;

/** The one listener for closes that a SocketTask may not hear; it cannot be taken back. */
function listenOnce() {
  if (listening || !wx.onSocketClose) return;
  listening = true;
  wx.onSocketClose((event) => {
    for (const socket of Array.from(alive)) socket.maybeGone(event);
  });
}

class MiniSocket {
  /**
   * @param {string} url
   * @param {string[]} protocols
   */
  constructor(url, protocols) {
    /** @type {(() => void) | null} */
    this.onopen = null;
    /** @type {((event: {data: ArrayBuffer | string}) => void) | null} */
    this.onmessage = null;
    /** @type {((event: {code?: number, reason?: string}) => void) | null} */
    this.onclose = null;
    this._opened = false;
    this._ended = false;
    listenOnce();
    alive.add(this);
    this._task = wx.connectSocket({
      url,
      protocols,
      tcpNoDelay: true,
      timeout: CONNECT_TIMEOUT_MS,
      // Later, because this may be called before anybody can listen.
      fail: ({ errMsg }) => setTimeout(() => this._end(CLOSED_BY_ERROR, errMsg), 0),
    });
    if (this._task) this._listen(this._task);
  }

  /** @param {ArrayBuffer} data the whole buffer; mini-programs take no view of one */
  send(data) {
    this._task.send({ data, fail: ({ errMsg }) => this._end(CLOSED_BY_ERROR, errMsg) });
  }

  /** @param {number} code 1000 or 3000 to 4999 */
  close(code) {
    this._ended = true;
    alive.delete(this);
    if (this._task) this._task.close({ code, fail: () => {} });
  }

  /**
   * Some socket of this mini-program was closed: this one, if it does not say that it is open.
   * @param {{code?: number, reason?: string}} [event]
   */
  maybeGone({ code, reason } = {}) {
    const { readyState } = /** @type {{readyState?: number}} */ (
      /** @type {unknown} */ (this._task || {})
    );
    if (this._opened && readyState !== OPEN) this._end(code || CLOSED_BY_ERROR, reason || '');
  }

  /** @param {WechatMiniprogram.SocketTask} task */
  _listen(task) {
    task.onOpen(() => {
      if (this._ended) return task.close({ code: 1000, fail: () => {} });
      this._opened = true;
      return this.onopen && this.onopen();
    });
    task.onMessage(({ data }) => {
      if (!this._ended && this.onmessage) this.onmessage({ data });
    });
    // Some phones tell of an end without a word about it.
    task.onError((event) => this._end(CLOSED_BY_ERROR, event && event.errMsg));
    task.onClose((event) => this._end((event && event.code) || CLOSED_BY_ERROR, event && event.reason));
  }

  /**
   * @param {number} code
   * @param {string} [reason]
   */
  _end(code, reason) {
    if (this._ended) return;
    const { onclose } = this;
    this.close(1000); // a socket that failed still holds one of the five places
    if (onclose) onclose({ code, reason: reason || '' });
  }
}

/**
 * @param {string} url wss://…
 * @param {string[]} protocols an array; a string fails on Android
 */
function connectSocket(url, protocols) {
  return new MiniSocket(url, protocols);
}

module.exports = { connectSocket };
