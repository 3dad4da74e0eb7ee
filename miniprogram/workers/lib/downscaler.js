// Generated from client/lib/downscaler.js by `make miniprogram`; do not edit.
/**
 * Downscales a camera's RGBA frame by area averaging: every pixel of the frame counts once.
 *
 * First the rows that fall on one row of the result are summed with their weights, then the columns.
 * Red and blue are summed in one integer, 16 bits each, which is five times as fast as separately.
 * Weights are whole 256ths, so that no sum overflows into its neighbour. Tables and buffers are
 * allocated once per pair of sizes, never per frame. The result may be rotated by right angles and
 * mirrored at no cost, since that only changes where each pixel is written.
 */
'use strict';

const { imul } = Math; // WeChat may proxy globals, which makes every lookup expensive

const RGBA = 4;
const WHOLE = 256;
const HALF = 0x8000; // half a step of the result, for rounding
const ROUNDING = 1e-9;

/**
 * Which source lines contribute to each line of the result, and their weights in 256ths. The weights
 * of one line of the result add up to exactly 256, so that white stays white.
 * @param {number} from lines of the source
 * @param {number} to lines of the result, at most as many
 */
function lineWeights(from, to) {
  const step = from / to;
  const most = Math.ceil(step) + 1;
  const first = new Int32Array(to);
  const count = new Int32Array(to);
  const weights = new Int32Array(to * most);
  for (let i = 0; i < to; i += 1) {
    const start = i * step;
    first[i] = Math.floor(start + ROUNDING);
    count[i] = Math.min(from, Math.ceil(start + step - ROUNDING)) - first[i];
    let before = 0;
    for (let k = 0; k < count[i]; k += 1) {
      const covered = Math.min(1, (first[i] + k + 1 - start) / step);
      const until = k + 1 === count[i] ? WHOLE : Math.round(WHOLE * covered);
      weights[i * most + k] = until - before;
      before = until;
    }
  }
  return { first, count, weights, most };
}

/** Where a rotation puts a pixel: `start + x * right + y * down`, in pixels. */
const ROTATIONS = {
  /** @param {number} w @param {number} h */
  0: (w, h) => ({ start: 0, right: 1, down: w }),
  /** @param {number} w @param {number} h */
  90: (w, h) => ({ start: h - 1, right: h, down: -1 }),
  /** @param {number} w @param {number} h */
  180: (w, h) => ({ start: w * h - 1, right: -1, down: -w }),
  /** @param {number} w @param {number} h */
  270: (w, h) => ({ start: (w - 1) * h, right: -h, down: 1 }),
};

/**
 * A rotation, mirrored or not.
 * @param {{start: number, right: number, down: number}} rotation
 * @param {number} width of the upright result
 * @param {boolean} mirror
 */
function mirrored(rotation, width, mirror) {
  if (!mirror) return rotation;
  const column = rotation.start % width;
  // One of the two steps follows the upright rows, and mirroring reverses that one.
  const reversed = (/** @type {number} */ step) => (Math.abs(step) === 1 ? -step : step);
  return {
    start: rotation.start - column + (width - 1 - column),
    right: reversed(rotation.right),
    down: reversed(rotation.down),
  };
}

class Downscaler {
  /**
   * @param {object} plan
   * @param {import('../../client/lib/index').Size} plan.from the camera's frame, in pixels
   * @param {import('../../client/lib/index').Size} plan.to the upright result; not larger than `from`
   * @param {import('../../client/lib/index').Rotation} plan.rotate clockwise, applied to make the frame upright
   * @param {boolean} plan.mirror applied after the rotation
   * @param {3|4} plan.channels of the result: RGB or RGBA
   */
  constructor({ from, to, rotate, mirror, channels }) {
    const sideways = rotate === 90 || rotate === 270;
    this._from = from;
    this._width = sideways ? to.height : to.width; // of the result before the rotation
    this._height = sideways ? to.width : to.height;
    if (this._width > from.width || this._height > from.height) {
      throw new RangeError(`cannot enlarge a frame of ${from.width} x ${from.height}`);
    }
    this._rows = lineWeights(from.height, this._height);
    this._columns = lineWeights(from.width, this._width);
    this._redBlue = new Int32Array(from.width);
    this._green = new Int32Array(from.width);
    const path = mirrored(ROTATIONS[rotate](this._width, this._height), to.width, mirror);
    this._start = channels * path.start;
    this._right = channels * path.right;
    this._down = channels * path.down;
    this.data = new Uint8Array(channels * to.width * to.height).fill(255);
  }

  /**
   * @param {ArrayBuffer} buffer RGBA, row by row
   * @returns {Uint8Array} the result; the same array every time
   * @throws {RangeError} if the buffer does not have the planned size
   */
  downscale(buffer) {
    const { width, height } = this._from;
    if (buffer.byteLength !== RGBA * width * height) {
      throw new RangeError(`expected a frame of ${width} x ${height}, got ${buffer.byteLength} bytes`);
    }
    const source = new Int32Array(buffer); // every phone is little-endian
    for (let y = 0; y < this._height; y += 1) {
      this._addRows(source, y);
      this._writeRow(y);
    }
    return this.data;
  }

  /**
   * @param {Int32Array} source
   * @param {number} y the row of the result
   */
  _addRows(source, y) {
    const { first, count, weights, most } = this._rows;
    const redBlue = this._redBlue;
    const green = this._green;
    const width = redBlue.length;
    redBlue.fill(0);
    green.fill(0);
    for (let k = 0; k < count[y]; k += 1) {
      const weight = weights[y * most + k];
      const at = (first[y] + k) * width;
      for (let x = 0; x < width; x += 1) {
        const pixel = source[at + x];
        redBlue[x] = (redBlue[x] + imul(pixel & 0xff00ff, weight)) | 0;
        green[x] = (green[x] + imul((pixel >>> 8) & 0xff, weight)) | 0;
      }
    }
  }

  /** @param {number} y the row of the result */
  _writeRow(y) {
    const { first, count, weights, most } = this._columns;
    const redBlue = this._redBlue;
    const data = this.data;
    let at = this._start + y * this._down;
    for (let x = 0; x < this._width; x += 1, at += this._right) {
      let red = HALF;
      let green = HALF;
      let blue = HALF;
      for (let k = 0, i = first[x]; k < count[x]; k += 1, i += 1) {
        const weight = weights[x * most + k];
        red += weight * (redBlue[i] & 0xffff);
        green += weight * this._green[i];
        blue += weight * (redBlue[i] >>> 16);
      }
      data[at] = red >>> 16;
      data[at + 1] = green >>> 16;
      data[at + 2] = blue >>> 16;
    }
  }
}

module.exports = { Downscaler };
