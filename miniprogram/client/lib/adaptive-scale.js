/**
 * Three sizes of frames: the model's own, and two smaller ones for narrow uplinks.
 *
 * A step down is taken when one frame keeps the uplink busy for too long, a step up when the larger
 * frame would leave room to spare; the gap between the two keeps the size from swinging.
 */
'use strict';

const STEPS = [1, 0.75, 0.5];
const TOO_LONG_MS = 150;
const SPARE_MS = 90;
const SETTLE_MS = 2000;

class AdaptiveScale {
  constructor() {
    this._step = 0;
    this._changedAt = -Infinity;
  }

  /** @returns {number} what the sides are multiplied by */
  scale() {
    return STEPS[this._step];
  }

  /**
   * @param {number} now
   * @param {number} bytes of a frame of the present size
   * @param {number|null} uplink bytes a second
   * @returns {boolean} whether the scale is another now
   */
  judge(now, bytes, uplink) {
    if (uplink === null || bytes === 0 || now - this._changedAt < SETTLE_MS) return false;
    const busyMs = (1000 * bytes) / uplink;
    const larger = this._step > 0 ? (STEPS[this._step - 1] / STEPS[this._step]) ** 2 : Infinity;
    if (busyMs > TOO_LONG_MS && this._step < STEPS.length - 1) this._step += 1;
    else if (busyMs * larger < SPARE_MS) this._step -= 1;
    else return false;
    this._changedAt = now;
    return true;
  }
}

module.exports = { AdaptiveScale };
