/**
 * A WebSocket that comes back: open, lose, wait, open again.
 *
 * The wait before try number n is a random part of 0.5 s * 2^n, at most 15 s ("full jitter"), so
 * that the clients of a restarted server do not all come in the same moment. A session that has
 * lasted a while starts the count anew. The socket, the clock, the timers and the dice come from
 * outside: a mini-program has its own socket, and a test its own time.
 */

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15000;
const PROVEN_AFTER_MS = 5000;
const CONNECT_TIMEOUT_MS = 10000;
const WELCOME_TIMEOUT_MS = 10000; // from the open socket on: a bad network has spent the first ten
const MISSED_PINGS = 2;
const ABANDONED = 3001; // a close code of our own; the server sees who gave up

export class Connection {
  /**
   * @param {object} options
   * @param {string} options.url
   * @param {string[]} options.protocols
   * @param {function(string, string[]): object} options.socket makes a WebSocket-like object
   * @param {object} options.host {now, setTimeout, clearTimeout, random}
   * @param {function(): void} options.onTrying a socket is being opened
   * @param {function(): void} options.onOpen the socket is open; say hello, then call `welcomed`
   * @param {function(*): void} options.onMessage one message's data, as the socket gave it
   * @param {function({retryInMs, retryAt, attempt, code, reason}): void} options.onLost
   */
  constructor(options) {
    this._options = options;
    this._host = options.host;
    this._socket = null;
    this._timer = null;
    this._attempt = 0;
    this._welcomedAt = null;
    this._serversWish = null;
    this._unanswered = 0;
  }

  /** Opens now, also in the middle of a wait. Does nothing while a socket exists. */
  open() {
    if (this._socket) return;
    this._clearTimer();
    this._serversWish = null;
    this._options.onTrying();
    this._abandonIn(CONNECT_TIMEOUT_MS, 'the connection does not open');
    try {
      this._adopt(this._options.socket(this._options.url, this._options.protocols));
    } catch (error) {
      this._lost(0, String((error && error.message) || error));
    }
  }

  /** Closes for good, until `open` is called. No `onLost` follows. */
  close() {
    this._clearTimer();
    this._attempt = 0;
    this._welcomedAt = null;
    this._dismiss(1000);
  }

  /**
   * The server has answered our hello: the connection is of use. From now on `ping` is called
   * every `heartbeatS` seconds (0 for never), and a server silent for two of them counts as dead.
   */
  welcomed(heartbeatS, ping) {
    this._clearTimer();
    this._welcomedAt = this._host.now();
    this._unanswered = 0;
    if (heartbeatS > 0) this._beatLater(1000 * heartbeatS, ping);
  }

  /** The server says when to come back after it has closed; the time is jittered by a half. */
  retryAfter(ms) {
    this._serversWish = ms;
  }

  /** Treats the socket as dead, whatever it says itself. */
  abandon(reason) {
    this._dismiss(ABANDONED);
    this._lost(ABANDONED, reason);
  }

  /** @returns {boolean} whether nothing waits in the socket's own buffer, as far as it tells */
  isDrained() {
    return !(this._socket && this._socket.bufferedAmount > 0);
  }

  /** @param {Uint8Array} bytes that fill their buffer; a mini-program takes nothing else */
  send(bytes) {
    if (!this._socket) return;
    try {
      this._socket.send(bytes.buffer);
    } catch (error) {
      this.abandon(`sending failed: ${error.message}`);
    }
  }

  _adopt(socket) {
    this._socket = socket;
    socket.binaryType = 'arraybuffer';
    const current = (act) => (event) => {
      if (this._socket === socket) act(event || {});
    };
    socket.onopen = current(() => {
      this._abandonIn(WELCOME_TIMEOUT_MS, 'no welcome');
      this._options.onOpen();
    });
    socket.onmessage = current((event) => {
      this._unanswered = 0; // any message is a sign of life
      this._options.onMessage(event.data);
    });
    socket.onerror = () => {}; // a close event follows, and says more
    socket.onclose = current((event) => {
      this._socket = null;
      this._lost(event.code || 0, event.reason || '');
    });
  }

  _abandonIn(ms, reason) {
    this._clearTimer();
    this._timer = this._host.setTimeout(() => this.abandon(reason), ms);
  }

  _beatLater(ms, ping) {
    this._timer = this._host.setTimeout(() => {
      if (this._unanswered >= MISSED_PINGS) return this.abandon('the server fell silent');
      this._unanswered += 1;
      this._beatLater(ms, ping);
      return ping();
    }, ms);
  }

  _lost(code, reason) {
    this._clearTimer();
    this._socket = null;
    const retryInMs = this._nextWait();
    const retryAt = this._host.now() + retryInMs;
    this._timer = this._host.setTimeout(() => {
      this._timer = null;
      this.open();
    }, retryInMs);
    this._options.onLost({ retryInMs, retryAt, attempt: this._attempt, code, reason });
  }

  _nextWait() {
    const { now, random } = this._host;
    const proven = this._welcomedAt !== null && now() - this._welcomedAt >= PROVEN_AFTER_MS;
    this._attempt = proven ? 1 : this._attempt + 1;
    this._welcomedAt = null;
    if (this._serversWish !== null) return this._serversWish * (0.5 + random());
    const most = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (this._attempt - 1));
    return random() * most;
  }

  _dismiss(code) {
    const socket = this._socket;
    this._socket = null;
    if (!socket) return;
    try {
      socket.close(code);
    } catch (error) {
      // Some sockets throw when they are closed before they opened. It is gone either way.
    }
  }

  _clearTimer() {
    if (this._timer !== null) this._host.clearTimeout(this._timer);
    this._timer = null;
  }
}
