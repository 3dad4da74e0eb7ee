/**
 * Detects that frames go out but no results come back. The connection may be open while the server
 * hangs, is full, or fails on every frame.
 *
 * Report every frame sent, and its outcome once, with `answered` or `lost`. Time is an argument, in
 * ms of any monotonic clock.
 */

const PATIENCE_MS = 2000;
const REASONS = { expired: 'model', overloaded: 'full', rate_limited: 'full' };
const LOCAL_REASONS = ['superseded_locally', 'not_ready', 'disconnected']; // not from the server

/**
 * Why no frame has had a result for too long: the server sends nothing at all (`server`), the
 * last frame expired (`model`), the server had no room for it (`full`), or it failed (`failing`).
 * @typedef {object} Stall
 * @property {'server'|'model'|'full'|'failing'} name
 * @property {string} [message] of the error, for `failing`
 */

export class Liveness {
  constructor() {
    this._outstanding = 0;
    /** @type {number|null} since when frames have gone without a result */
    this._since = null;
    this._lastOutcomeAt = -Infinity;
    /** @type {{reason: string, message?: string}|null} of the last frame lost */
    this._lastLoss = null;
    /** The server's limit: it owes a frame no outcome before that. */
    this.maxStalenessMs = 0;
  }

  /** @param {number} now */
  sent(now) {
    this._outstanding += 1;
    if (this._since === null) this._since = now;
  }

  /** @param {number} now */
  answered(now) {
    this._outstanding -= 1;
    this.restart(now);
  }

  /**
   * @param {number} now
   * @param {string} reason why it was dropped, or the error's code
   * @param {string} [message] of the error; a dropped frame has none
   */
  lost(now, reason, message) {
    this._outstanding -= 1;
    if (LOCAL_REASONS.includes(reason)) return;
    this._lastOutcomeAt = now;
    this._lastLoss = { reason, message };
  }

  /**
   * Start over: for another connection, or the end of a pause.
   * @param {number} now
   */
  restart(now) {
    this._since = this._outstanding > 0 ? now : null;
    this._lastLoss = null;
  }

  /**
   * @param {number} now
   * @returns {Stall|null} null while results arrive, or none are due
   */
  stall(now) {
    if (this._since === null) return null;
    const silentMs = now - Math.max(this._since, this._lastOutcomeAt);
    if (this._outstanding > 0 && silentMs >= PATIENCE_MS + this.maxStalenessMs) return { name: 'server' };
    if (this._lastLoss === null || now - this._since < PATIENCE_MS) return null;
    const { reason, message } = this._lastLoss;
    const name = /** @type {Record<string, Stall['name']>} */ (REASONS)[reason];
    if (name) return { name };
    return message ? { name: 'failing', message } : null;
  }
}
