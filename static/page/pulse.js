/**
 * Whether what is asked is answered. A model server or a gateway that hangs says nothing: its
 * silence has to be heard.
 *
 * Every frame that was sent ends here once, by `answered` or by `lost`. Times are ms of any clock
 * that does not jump; whoever records hands them in.
 */

const PATIENCE_MS = 2000;
const OURS = ['superseded_locally', 'not_ready', 'disconnected']; // reasons no server has given

export class Pulse {
  constructor() {
    this._open = 0; // frames without an outcome
    this._askingSince = null;
    this._heardAt = -Infinity;
    this._lastReason = null;
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

  lost(now, reason) {
    this._open -= 1;
    if (OURS.includes(reason)) return;
    this._heardAt = now;
    this._lastReason = reason;
  }

  /** What was before says nothing about now: another connection, or the end of a pause. */
  restart(now) {
    this._askingSince = this._open > 0 ? now : null;
    this._lastReason = null;
  }

  /**
   * @returns {'model'|'server'|null} who owes an answer for too long: the gateway, if it gives no
   *   word at all; the model, if all it says is that frames expire
   */
  silence(now) {
    if (this._askingSince === null) return null;
    const muteMs = now - Math.max(this._askingSince, this._heardAt);
    if (this._open > 0 && muteMs >= PATIENCE_MS + this.maxStalenessMs) return 'server';
    const isUnanswered = now - this._askingSince >= PATIENCE_MS;
    return isUnanswered && this._lastReason === 'expired' ? 'model' : null;
  }
}
