/**
 * How many frames a client may have without an outcome, and when it should hold back.
 *
 * The rule: the source's rate times the round trip, plus one, and never more than the
 * server's window. More would not raise the rate; it would only make every frame older.
 *
 * The round trip is a low percentile of the recent ones. An average would count the time that
 * frames spend in queues, would allow more frames, and would so make the queues longer.
 *
 * A server that is full, or has no model, gets a pause before the next frame: 250 ms, and twice as
 * long each time, up to 2 s. The first result ends it.
 *
 * Time is an argument, in milliseconds of any clock that does not jump.
 */

const RATE_SPAN_MS = 2000;
const TRIP_SPAN_MS = 10000;
const MAX_SAMPLES = 64;
const LOW_PERCENTILE = 0.1;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 2000;

export class Pacing {
  constructor() {
    this._seen = [];
    this.restart();
  }

  /** A new connection or another model: other round trips, and no reason to hold back. */
  restart() {
    this._trips = [];
    this._resume();
  }

  /** The source has a new frame, whether it will be sent or not. */
  frameSeen(now) {
    this._seen.push(now);
    trim(this._seen, (at) => at < now - RATE_SPAN_MS);
  }

  /** A frame was answered, `tripMs` after it was sent. */
  answered(now, tripMs) {
    this._trips.push({ at: now, ms: tripMs });
    trim(this._trips, (trip) => trip.at < now - TRIP_SPAN_MS);
    this._resume();
  }

  /** The server could not take a frame. What fails during a pause does not make it longer. */
  failed(now) {
    if (now < this._pauseUntil) return;
    this._pauseUntil = now + this._pauseMs;
    this._pauseMs = Math.min(LONGEST_PAUSE_MS, 2 * this._pauseMs);
  }

  /** @returns {number} ms to hold back, 0 for none */
  pauseMs(now) {
    return Math.max(0, this._pauseUntil - now);
  }

  /** @returns {number} the source's frames per second, 0 while unknown */
  rate() {
    const count = this._seen.length;
    const span = count > 1 ? this._seen[count - 1] - this._seen[0] : 0;
    return span > 0 ? (1000 * (count - 1)) / span : 0;
  }

  /** @returns {number|null} the round trip without queues in ms, null while unknown */
  tripMs() {
    if (this._trips.length === 0) return null;
    const sorted = this._trips.map((trip) => trip.ms).sort((a, b) => a - b);
    return sorted[Math.floor(LOW_PERCENTILE * sorted.length)];
  }

  /** @returns {number} frames that may be without an outcome, 1 to `window` */
  limit(window) {
    const wanted = Math.ceil((this.rate() * (this.tripMs() || 0)) / 1000) + 1;
    return Math.max(1, Math.min(window, wanted));
  }

  _resume() {
    this._pauseUntil = 0;
    this._pauseMs = FIRST_PAUSE_MS;
  }
}

function trim(samples, isOld) {
  while (samples.length > MAX_SAMPLES || (samples.length > 0 && isOld(samples[0]))) {
    samples.shift();
  }
}
