/**
 * A mini-program's socket with the interface of a WebSocket.
 *
 * It hides what differs on phones: a failed connection may report an error but never a close; on
 * iOS, the end of a socket in the background may be reported to `wx.onSocketClose` only; a socket
 * that is closed while connecting opens nevertheless.
 */
'use strict';

const CLOSED_BY_ERROR = 1006;
const OPEN = 1; // SocketTask.readyState
const CONNECT_TIMEOUT_MS = 10000;

/** @type {Set<MiniSocket>} */
const open = new Set();
let isListening = false;

/** One global listener for the closes that a SocketTask does not report; it cannot be removed. */
function listenOnce() {
  if (isListening || !wx.onSocketClose) return;
  isListening = true;
  wx.onSocketClose((event) => {
    for (const socket of Array.from(open)) socket.checkClosed(event);
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
    this._isOpen = false;
    this._isClosed = false;
    listenOnce();
    open.add(this);
    this._task = wx.connectSocket({
      url,
      protocols,
      tcpNoDelay: true,
      timeout: CONNECT_TIMEOUT_MS,
      // Deferred, because this may be called before `onclose` is set.
      fail: ({ errMsg }) => setTimeout(() => this._end(CLOSED_BY_ERROR, errMsg), 0),
    });
    if (this._task) this._listen(this._task);
  }

  /** @param {ArrayBuffer} data a whole buffer: mini-programs do not send views */
  send(data) {
    this._task.send({ data, fail: ({ errMsg }) => this._end(CLOSED_BY_ERROR, errMsg) });
  }

  /** @param {number} code 1000 or 3000 to 4999 */
  close(code) {
    this._isClosed = true;
    open.delete(this);
    if (this._task) this._task.close({ code, fail: () => {} });
  }

  /**
   * A socket of this mini-program has closed: this one, unless it reports that it is open.
   * @param {{code?: number, reason?: string}} [event]
   */
  checkClosed({ code, reason } = {}) {
    const { readyState } = /** @type {{readyState?: number}} */ (
      /** @type {unknown} */ (this._task || {})
    );
    if (this._isOpen && readyState !== OPEN) this._end(code || CLOSED_BY_ERROR, reason || '');
  }

  /** @param {WechatMiniprogram.SocketTask} task */
  _listen(task) {
    task.onOpen(() => {
      if (this._isClosed) return task.close({ code: 1000, fail: () => {} });
      this._isOpen = true;
      return this.onopen && this.onopen();
    });
    task.onMessage(({ data }) => {
      if (!this._isClosed && this.onmessage) this.onmessage({ data });
    });
    // Some phones call these without an event.
    task.onError((event) => this._end(CLOSED_BY_ERROR, event && event.errMsg));
    task.onClose((event) => this._end((event && event.code) || CLOSED_BY_ERROR, event && event.reason));
  }

  /**
   * @param {number} code
   * @param {string} [reason]
   */
  _end(code, reason) {
    if (this._isClosed) return;
    const { onclose } = this;
    this.close(1000); // a failed socket still counts towards WeChat's limit of five
    if (onclose) onclose({ code, reason: reason || '' });
  }
}

/**
 * @param {string} url wss://…
 * @param {string[]} protocols must be an array: a string fails on Android
 */
function connectSocket(url, protocols) {
  return new MiniSocket(url, protocols);
}

module.exports = { connectSocket };
