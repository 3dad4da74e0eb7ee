/**
 * How many frames a client may have outstanding, and when it should back off.
 *
 * The limit is the source's frame rate times the round trip, plus one, and never more than the
 * server's window. A higher limit would not raise the rate; it would only make every frame older.
 *
 * The round trip is a low percentile of recent ones. An average would include the time that frames
 * spend in queues, which would raise the limit and so lengthen the queues.
 *
 * If the server is full or has no model, the client pauses before the next frame: 250 ms at first,
 * then twice as long each time, up to 2 s. The first result ends the pause.
 *
 * While more frames arrive than the server can answer, it advises a rate. The client sends no more,
 * measured over any two frames in a row, because the source's own interval rarely fits the advice.
 *
 * Time is an argument, in ms of any monotonic clock.
 */

const RATE_SPAN_MS = 2000;
const TRIP_SPAN_MS = 10000;
const MAX_SAMPLES = 64;
const LOW_PERCENTILE = 0.1;
const FIRST_PAUSE_MS = 250;
const MAX_PAUSE_MS = 2000;

export class Pacing {
  constructor() {
    /** @type {number[]} when the source had a frame */
    this._seen = [];
    /** @type {{at: number, ms: number}[]} */
    this._trips = [];
    this._pauseUntil = 0;
    this._pauseMs = FIRST_PAUSE_MS;
    this._intervalMs = 0; // as advised, from frame to frame
    this._nextAt = 0;
  }

  /** Forget the round trips and the pause: for a new connection or another model. */
  restart() {
    this._trips = [];
    this._resume();
  }

  /**
   * The source has a new frame, whether or not it will be sent.
   * @param {number} now
   */
  frameSeen(now) {
    this._seen.push(now);
    trim(this._seen, (at) => at < now - RATE_SPAN_MS);
  }

  /**
   * A result arrived, `tripMs` after its frame was sent.
   * @param {number} now
   * @param {number} tripMs
   */
  answered(now, tripMs) {
    this._trips.push({ at: now, ms: tripMs });
    trim(this._trips, (trip) => trip.at < now - TRIP_SPAN_MS);
    this._resume();
  }

  /**
   * The server could not take a frame. Failures during a pause do not extend it.
   * @param {number} now
   */
  failed(now) {
    if (now < this._pauseUntil) return;
    this._pauseUntil = now + this._pauseMs;
    this._pauseMs = Math.min(MAX_PAUSE_MS, 2 * this._pauseMs);
  }

  /**
   * The server advises a rate; it holds until the next advice.
   * @param {number} now
   * @param {number|null} framesPerS null: no limit
   */
  advise(now, framesPerS) {
    this._intervalMs = framesPerS ? 1000 / framesPerS : 0;
    this._nextAt = Math.min(this._nextAt, now + this._intervalMs);
  }

  /**
   * A frame was sent. One that is late does not delay the one after it.
   * @param {number} now
   */
  sent(now) {
    this._nextAt = Math.max(this._nextAt, now - this._intervalMs) + this._intervalMs;
  }

  /**
   * @param {number} now
   * @returns {number} ms until the next frame may be sent, 0 if it may be sent now
   */
  pauseMs(now) {
    return Math.max(0, this._pauseUntil - now, this._nextAt - now);
  }

  /** @returns {number} the source's frames per second, 0 while unknown */
  rate() {
    const count = this._seen.length;
    const span = count > 1 ? this._seen[count - 1] - this._seen[0] : 0;
    return span > 0 ? (1000 * (count - 1)) / span : 0;
  }

  /** @returns {number|null} the round trip without queueing in ms, null while unknown */
  tripMs() {
    if (this._trips.length === 0) return null;
    const sorted = this._trips.map((trip) => trip.ms).sort((a, b) => a - b);
    return sorted[Math.floor(LOW_PERCENTILE * sorted.length)];
  }

  /**
   * @param {number} window the server's
   * @returns {number} how many frames may be outstanding, 1 to `window`
   */
  limit(window) {
    const useful = Math.ceil((this.rate() * (this.tripMs() || 0)) / 1000) + 1;
    return Math.max(1, Math.min(window, useful));
  }

  _resume() {
    this._pauseUntil = 0;
    this._pauseMs = FIRST_PAUSE_MS;
  }
}

/**
 * @template T
 * @param {T[]} samples oldest first
 * @param {(sample: T) => boolean} isOld
 */
function trim(samples, isOld) {
  while (samples.length > MAX_SAMPLES || (samples.length > 0 && isOld(samples[0]))) {
    samples.shift();
  }
}
