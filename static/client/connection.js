/**
 * A WebSocket that reconnects.
 *
 * The wait before attempt n is random between 0 and 0.5 s * 2^n, at most 15 s ("full jitter"), so
 * that clients of a restarted server do not all return at the same moment. A session that lasted a
 * while resets the count. Socket, clock, timers and randomness are passed in: a mini-program has
 * its own socket, and tests have their own time.
 */

const FIRST_WAIT_MS = 500;
const MAX_WAIT_MS = 15000;
const PROVEN_AFTER_MS = 5000;
const CONNECT_TIMEOUT_MS = 10000;
const WELCOME_TIMEOUT_MS = 10000; // starts when the socket opens, which can take as long again
const CLOSE_EVENT_TIMEOUT_MS = 1000;
const MAX_MISSED_PINGS = 2;
const CLOSE_NORMAL = 1000;
const CLOSE_ABANDONED = 3001; // a close code of our own, for the server's logs

export class Connection {
  /**
   * @param {object} options
   * @param {string} options.url
   * @param {string[]} options.protocols
   * @param {import('./types.js').SocketFactory} options.socket
   * @param {import('./types.js').Host} options.host
   * @param {() => void} options.onConnecting a socket is being opened
   * @param {() => void} options.onOpen the socket is open: send hello, then call `welcomed`
   * @param {(data: any) => void} options.onMessage one message's data, as the socket delivers it
   * @param {(loss: import('./types.js').ConnectionLoss) => void} options.onLost
   */
  constructor(options) {
    this._options = options;
    this._host = options.host;
    /** @type {import('./types.js').Socket|null} */
    this._socket = null;
    /** @type {unknown} */
    this._timer = null;
    this._isWanted = false; // opened and not closed
    this._attempt = 0;
    /** @type {number|null} */
    this._welcomedAt = null;
    /** @type {number|null} the wait that the server asked for */
    this._requestedWaitMs = null;
    this._unansweredPings = 0;
  }

  /** Open now, even during the wait before a retry. Does nothing if there is a socket. */
  open() {
    if (this._socket) return;
    this._clearTimer();
    this._requestedWaitMs = null;
    this._isWanted = true;
    this._options.onConnecting();
    if (!this._isWanted || this._socket) return; // the callback has closed it, or opened it again
    this._abandonIn(CONNECT_TIMEOUT_MS, 'connection timed out');
    try {
      this._adopt(this._options.socket(this._options.url, this._options.protocols));
    } catch (error) {
      this._lost(0, String((error && /** @type {Error} */ (error).message) || error));
    }
  }

  /** Close until `open` is called again. `onLost` is not called. */
  close() {
    this._isWanted = false;
    this._clearTimer();
    this._attempt = 0;
    this._welcomedAt = null;
    this._dismiss(CLOSE_NORMAL);
  }

  /**
   * The server accepted the hello. From now on `ping` is called at every heartbeat, and a server
   * that sends nothing for two of them counts as dead.
   * @param {number} heartbeatS seconds; 0: no heartbeat
   * @param {() => void} ping
   */
  welcomed(heartbeatS, ping) {
    this._clearTimer();
    this._welcomedAt = this._host.now();
    this._unansweredPings = 0;
    if (heartbeatS > 0) this._scheduleHeartbeat(1000 * heartbeatS, ping);
  }

  /**
   * Set the wait before the next attempt, as the server asked; it is jittered by half.
   * @param {number} ms
   */
  retryAfter(ms) {
    this._requestedWaitMs = ms;
  }

  /**
   * Treat the socket as dead, whatever state it reports.
   * @param {string} reason
   */
  abandon(reason) {
    this._dismiss(CLOSE_ABANDONED);
    this._lost(CLOSE_ABANDONED, reason);
  }

  /** @returns {boolean} whether the socket's own buffer is empty, as far as it reports one */
  isDrained() {
    return !(this._socket && Number(this._socket.bufferedAmount) > 0);
  }

  /** @param {Uint8Array} bytes that span their whole buffer: mini-programs send nothing else */
  send(bytes) {
    if (!this._socket) return;
    try {
      this._socket.send(/** @type {ArrayBuffer} */ (bytes.buffer));
    } catch (error) {
      this.abandon(`send failed: ${/** @type {Error} */ (error).message}`);
    }
  }

  /** @param {import('./types.js').Socket} socket */
  _adopt(socket) {
    this._socket = socket;
    socket.binaryType = 'arraybuffer';
    const isCurrent = () => this._socket === socket;
    socket.onopen = () => {
      if (!isCurrent()) return;
      this._abandonIn(WELCOME_TIMEOUT_MS, 'no welcome from the server');
      this._options.onOpen();
    };
    socket.onmessage = (event) => {
      if (!isCurrent()) return;
      this._unansweredPings = 0; // any message proves that the server is alive
      this._options.onMessage(event.data);
    };
    socket.onerror = () => {
      // A close event follows, with the details, except in Node 20 after a failed handshake.
      if (isCurrent()) this._abandonIn(CLOSE_EVENT_TIMEOUT_MS, 'connection failed');
    };
    socket.onclose = (event) => {
      if (!isCurrent()) return;
      const { code, reason } = event || {};
      this._socket = null;
      this._lost(code || 0, reason || '');
    };
  }

  /**
   * @param {number} ms
   * @param {string} reason
   */
  _abandonIn(ms, reason) {
    this._clearTimer();
    this._timer = this._host.setTimeout(() => this.abandon(reason), ms);
  }

  /**
   * @param {number} ms
   * @param {() => void} ping
   */
  _scheduleHeartbeat(ms, ping) {
    this._timer = this._host.setTimeout(() => {
      if (this._unansweredPings >= MAX_MISSED_PINGS) return this.abandon('the server stopped responding');
      this._unansweredPings += 1;
      this._scheduleHeartbeat(ms, ping);
      return ping();
    }, ms);
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  _lost(code, reason) {
    this._clearTimer();
    this._socket = null;
    const retryInMs = this._nextWaitMs();
    const retryAt = this._host.now() + retryInMs;
    this._timer = this._host.setTimeout(() => {
      this._timer = null;
      this.open();
    }, retryInMs);
    this._options.onLost({ retryInMs, retryAt, attempt: this._attempt, code, reason });
  }

  _nextWaitMs() {
    const { now, random } = this._host;
    const isProven = this._welcomedAt !== null && now() - this._welcomedAt >= PROVEN_AFTER_MS;
    this._attempt = isProven ? 1 : this._attempt + 1;
    this._welcomedAt = null;
    if (this._requestedWaitMs !== null) return this._requestedWaitMs * (0.5 + random());
    return random() * Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** (this._attempt - 1));
  }

  /** @param {number} code */
  _dismiss(code) {
    const socket = this._socket;
    this._socket = null;
    if (!socket) return;
    try {
      socket.close(code);
    } catch (error) {
      // Some sockets throw if they are closed before they open. Either way it is gone.
    }
  }

  _clearTimer() {
    if (this._timer !== null) this._host.clearTimeout(this._timer);
    this._timer = null;
  }
}
