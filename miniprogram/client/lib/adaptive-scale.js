/**
 * Adapts the frame size to the uplink: the model's input size, or one of two smaller sizes.
 *
 * The size goes down when one frame keeps the uplink busy for too long, and up when the next larger
 * frame would leave room to spare. The gap between the two thresholds prevents oscillation.
 */
'use strict';

const SCALES = [1, 0.75, 0.5];
const BUSY_MS = 150;
const SPARE_MS = 90;
const SETTLE_MS = 2000;

class AdaptiveScale {
  constructor() {
    this._level = 0;
    this._changedAt = -Infinity;
  }

  /** @returns {number} the factor for both sides */
  scale() {
    return SCALES[this._level];
  }

  /**
   * @param {number} now
   * @param {number} bytes of a frame of the present size, 0 while unknown
   * @param {number|null} uplinkBytesPerS
   * @returns {boolean} whether the scale has changed
   */
  update(now, bytes, uplinkBytesPerS) {
    if (uplinkBytesPerS === null || bytes === 0 || now - this._changedAt < SETTLE_MS) return false;
    const busyMs = (1000 * bytes) / uplinkBytesPerS;
    const growth = this._level > 0 ? (SCALES[this._level - 1] / SCALES[this._level]) ** 2 : Infinity;
    if (busyMs > BUSY_MS && this._level < SCALES.length - 1) this._level += 1;
    else if (busyMs * growth < SPARE_MS) this._level -= 1;
    else return false;
    this._changedAt = now;
    return true;
  }
}

module.exports = { AdaptiveScale };
