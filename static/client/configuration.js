/**
 * The session's options on their way to the server, which limits how often they may change.
 *
 * `hello` has all of them. A later change is sent at once, and further ones no sooner than
 * `INTERVAL_MS` after that, together: of an option that changes meanwhile, such as a slider's, only
 * the last value is sent.
 */

const INTERVAL_MS = 150;

/** @typedef {import('./types.js').SessionOptions} SessionOptions */

export class Configuration {
  /**
   * @param {import('./types.js').Host} host
   * @param {SessionOptions} options those of the first hello
   * @param {(options: SessionOptions) => void} send sends `configure`
   */
  constructor(host, options, send) {
    this._host = host;
    this._options = options;
    this._send = send;
    /** @type {SessionOptions} changed since hello or the last `configure` */
    this._changed = {};
    this._welcomed = false;
    /** @type {unknown} set while the next change must wait */
    this._timer = null;
  }

  /** @param {SessionOptions} options */
  change(options) {
    Object.assign(this._options, options);
    Object.assign(this._changed, options);
    this._flush();
  }

  /** @returns {SessionOptions} all options, for the hello of a new session */
  hello() {
    this._changed = {};
    return { ...this._options };
  }

  /** The server has answered hello, and takes changes from now on. */
  welcomed() {
    this._welcomed = true;
    this._flush();
  }

  /** The connection is gone. */
  disconnected() {
    this._welcomed = false;
    if (this._timer !== null) this._host.clearTimeout(this._timer);
    this._timer = null;
  }

  _flush() {
    if (!this._welcomed || this._timer !== null || Object.keys(this._changed).length === 0) return;
    this._send(this._changed);
    this._changed = {};
    this._timer = this._host.setTimeout(() => {
      this._timer = null;
      this._flush();
    }, INTERVAL_MS);
  }
}
