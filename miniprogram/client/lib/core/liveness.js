// Generated from static/client/liveness.js by `make miniprogram`; do not edit.
'use strict';

/**
 * Whether what is asked is answered. A connection may stand and the picture stand still: because a
 * server hangs, is full, or fails on every frame.
 *
 * Every frame that was sent ends here once, by `answered` or by `lost`. Times are ms of any clock
 * that does not jump; whoever records hands them in.
 */

const PATIENCE_MS = 2000;
const NAMES = { expired: 'model', overloaded: 'full', rate_limited: 'full' };
const OURS = ['superseded_locally', 'not_ready', 'disconnected']; // reasons no server has given

class Liveness {
  constructor() {
    this._open = 0; // frames without an outcome
    this._askingSince = null;
    this._heardAt = -Infinity;
    this._last = null; // {reason, message} of the frame that was lost last
    this.maxStalenessMs = 0; // the server's: for that long it owes a frame no word
  }

  sent(now) {
    this._open += 1;
    if (this._askingSince === null) this._askingSince = now;
  }

  answered(now) {
    this._open -= 1;
    this.restart(now);
  }

  /** @param {string} [message] of an error; a frame that was dropped has none */
  lost(now, reason, message) {
    this._open -= 1;
    if (OURS.includes(reason)) return;
    this._heardAt = now;
    this._last = { reason, message };
  }

  /** What was before says nothing about now: another connection, or the end of a pause. */
  restart(now) {
    this._askingSince = this._open > 0 ? now : null;
    this._last = null;
  }

  /**
   * @returns {{name: 'server'|'model'|'full'|'failing', message?: string}|null} why nothing was
   *   answered for too long: the gateway gives no word at all, or its last one was that a frame
   *   expired, that there was no room for it, or that it failed
   */
  silence(now) {
    if (this._askingSince === null) return null;
    const muteMs = now - Math.max(this._askingSince, this._heardAt);
    if (this._open > 0 && muteMs >= PATIENCE_MS + this.maxStalenessMs) return { name: 'server' };
    if (this._last === null || now - this._askingSince < PATIENCE_MS) return null;
    const { reason, message } = this._last;
    if (NAMES[reason]) return { name: NAMES[reason] };
    return message ? { name: 'failing', message } : null;
  }
}

module.exports = { Liveness };
