// Generated from static/client/overlay.js by `make miniprogram`; do not edit.
'use strict';

/**
 * Where boxes are by the time they are shown.
 *
 * A result is as old as its frame: capture, uplink, inference and the way back take 50 to 400 ms, in
 * which an object moves on. With ids and velocities (`track` in `hello`), each box can be carried
 * from its frame's capture to the moment of display. Where that turns out to be wrong, because its
 * object has turned or stopped, the box glides to its right place. All times are ms on one clock,
 * that of `captured_at`, which must be the clock of the display as well.
 */

const { cornersOf } = require('./corners.js');
const { maskOf } = require('./masks.js');

/** @typedef {import('./types.js').Box} Box */
/** @typedef {import('./types.js').BoxMask} BoxMask */
/** @typedef {import('./types.js').Corners} Corners */
/** @typedef {import('./types.js').Result} Result */
/** @typedef {import('./types.js').SecondAnswer} SecondAnswer */

/**
 * @typedef {object} Track what is known of an object
 * @property {number} id
 * @property {Box} box
 * @property {Box} velocity of its edges per second
 * @property {number} score
 * @property {number} kind its class
 * @property {number} capturedAt when the box was captured
 * @property {number} since when its first box was captured
 * @property {number} shownAt when it was first there to be shown
 * @property {number|null} endedAt when a result came without it
 * @property {Box} offset how far it was shown from its place, edge by edge, at `correctedAt`
 * @property {number} correctedAt when its latest result came
 * @property {SecondAnswer|null} second what a second model said about it last
 * @property {BoxMask|null} mask the part of its box that it covered last
 * @property {Corners|null} corners of its box, if that was rotated
 */

/**
 * @typedef {object} Untracked a box of the last result that has no track
 * @property {Box} box
 * @property {number} score
 * @property {number} kind its class
 * @property {number} shownAt when it was first there to be shown
 * @property {SecondAnswer|null} second what a second model says about it
 * @property {BoxMask|null} mask the part that the object covers
 * @property {Corners|null} corners of a rotated box
 */

/**
 * @typedef {object} Drawn a box to draw
 * @property {number|null} id null for a box without a track, which is shown as it was
 * @property {Box} box
 * @property {number} score
 * @property {number} class
 * @property {number} opacity 0 to 1
 * @property {SecondAnswer} [second] what a second model says about it, with `then`
 * @property {BoxMask} [mask] the part that the object covers, if the model says so
 * @property {Corners} [corners] of a rotated box
 */

/** @type {Box} */
const NOWHERE_ELSE = [0, 0, 0, 0];
const EASED = 5; // how often a correction falls to 1/e within `easeMs`, which leaves 1 % of it

class Overlay {
  /**
   * @param {{horizonMs?: number, fadeMs?: number, easeMs?: number, live?: boolean}} [options]
   * `horizonMs`: for how long after its capture a box moves on; `fadeMs`: how long boxes take to
   * appear and vanish; `easeMs`: how long a box takes to where a new result corrects it to, 0: it
   * jumps; `live`: false shows every box as it was captured, without gliding or fading, for those
   * who prefer reduced motion
   */
  constructor({ horizonMs = 500, fadeMs = 150, easeMs = 100, live = true } = {}) {
    this.live = live;
    this._horizonMs = horizonMs;
    this._fadeMs = fadeMs;
    this._easeMs = easeMs;
    /** @type {Map<number, Track>} */
    this._tracks = new Map();
    /** @type {Untracked[]} */
    this._untracked = [];
  }

  /**
   * Take in a result.
   * @param {Result} result
   * @param {number} now
   */
  update(result, now) {
    const { boxes = [], scores = [], classes = [], ids = [], velocities = [] } = result;
    const { answers = [] } = result.then || {};
    const capturedAt = result.captured_at === undefined ? now : result.captured_at;
    if (result.restarted) this._tracks.clear();
    const before = this._untracked;
    this._untracked = [];
    const present = new Set();
    boxes.forEach((box, i) => {
      const [id, velocity, score, kind] = [ids[i], velocities[i], scores[i], classes[i]];
      const answer = answers[i] && !answers[i].missing ? answers[i] : null;
      const shape = { mask: maskOf(result.box_masks, i), corners: cornersOf(result.corners, i, box) };
      if (typeof id !== 'number' || !velocity) {
        const shownAt = firstShown(box, kind, before, now);
        this._untracked.push({ box, score, kind, shownAt, second: answer, ...shape });
        return;
      }
      const known = this._tracks.get(id);
      const second = answer || (known ? known.second : null);
      const { since, shownAt } = known || { since: capturedAt, shownAt: firstShown(box, kind, before, now) };
      const correction = { offset: NOWHERE_ELSE, correctedAt: now };
      const seen = { id, box, velocity, score, kind, capturedAt, since, shownAt, endedAt: null, second, ...shape };
      const track = { ...seen, ...correction };
      if (known) track.offset = this._offset(known, track, now);
      this._tracks.set(id, track);
      present.add(id);
    });
    for (const track of this._tracks.values()) {
      if (!present.has(track.id) && track.endedAt === null) track.endedAt = now;
    }
  }

  /** Forget all boxes, at once. */
  clear() {
    this._tracks.clear();
    this._untracked = [];
  }

  /**
   * The boxes to draw now. Ended tracks are forgotten once they have faded.
   * @param {number} now
   * @returns {Drawn[]}
   */
  at(now) {
    for (const track of this._tracks.values()) {
      const endsAt = track.endedAt === null ? Infinity : track.endedAt + (this.live ? this._fadeMs : 0);
      if (now >= endsAt) this._tracks.delete(track.id);
    }
    const tracked = [...this._tracks.values()].map((track) => ({
      id: track.id,
      box: this.live ? this._placed(track, now) : track.box,
      score: track.score,
      class: track.kind,
      opacity: this._opacity(track.shownAt, track.endedAt, now),
      ...(track.second && { second: track.second }),
      ...(track.mask && { mask: track.mask }),
      ...(track.corners && { corners: track.corners }),
    }));
    const untracked = this._untracked.map(({ box, score, kind, shownAt, second, mask, corners }) => ({
      id: null,
      box,
      score,
      class: kind,
      opacity: this._opacity(shownAt, null, now),
      ...(second && { second }),
      ...(mask && { mask }),
      ...(corners && { corners }),
    }));
    return [...tracked, ...untracked];
  }

  /**
   * How far a box is shown from where a new result says it is.
   * @param {Track} before
   * @param {Track} track
   * @param {number} now
   * @returns {Box}
   */
  _offset(before, track, now) {
    const place = this._carried(track, now);
    const [x0, y0, x1, y1] = this._placed(before, now).map((edge, i) => edge - place[i]);
    return [x0, y0, x1, y1];
  }

  /**
   * Where a box is shown: where it is, but for what is left of its correction. That decays
   * exponentially: never beyond its place, and alike however often results come.
   * @param {Track} track
   * @param {number} now
   * @returns {Box}
   */
  _placed(track, now) {
    const [x0, y0, x1, y1] = this._carried(track, now);
    const passedMs = Math.max(0, now - track.correctedAt);
    const left = this._easeMs > 0 ? Math.exp((-EASED * passedMs) / this._easeMs) : 0;
    const [dx0, dy0, dx1, dy1] = track.offset.map((edge) => edge * left);
    return [x0 + dx0, y0 + dy0, Math.max(x1 + dx1, x0 + dx0), Math.max(y1 + dy1, y0 + dy0)];
  }

  /**
   * A box at its velocity, for no longer than the horizon, nor than its object has been seen.
   * @param {Track} track
   * @param {number} now
   * @returns {Box}
   */
  _carried(track, now) {
    const seenMs = track.capturedAt - track.since;
    const reachMs = Math.max(0, Math.min(now - track.capturedAt, this._horizonMs, seenMs));
    const [x0, y0, x1, y1] = track.box;
    const [vx0, vy0, vx1, vy1] = track.velocity.map((speed) => (speed * reachMs) / 1000);
    return [x0 + vx0, y0 + vy0, Math.max(x1 + vx1, x0 + vx0), Math.max(y1 + vy1, y0 + vy0)];
  }

  /**
   * @param {number} shownAt
   * @param {number|null} endedAt
   * @param {number} now
   */
  _opacity(shownAt, endedAt, now) {
    if (!this.live || this._fadeMs === 0) return 1;
    const risen = (now - shownAt) / this._fadeMs;
    const left = endedAt === null ? 1 : 1 - (now - endedAt) / this._fadeMs;
    return Math.max(0, Math.min(1, risen, left));
  }
}

/**
 * When a box without a known track was first shown. A new object has no id at first, so its box
 * continues one of the previous result: that of its class which it overlaps.
 * @param {Box} box
 * @param {number} kind
 * @param {Untracked[]} before
 * @param {number} now
 */
function firstShown(box, kind, before, now) {
  const same = before.find((other) => other.kind === kind && overlap(other.box, box));
  return same ? same.shownAt : now;
}

/**
 * @param {Box} a
 * @param {Box} b
 */
function overlap(a, b) {
  return a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
}

module.exports = { Overlay };
