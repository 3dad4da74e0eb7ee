/** The ways to encode a frame of pixels, one class each. */
'use strict';

const { CanvasJpeg } = require('./canvas-jpeg.js');
const { Downscaler } = require('./downscaler.js');
const { JpegEncoder } = require('./jpeg-encoder.js');

const QUALITY = 70; // of JPEG, 1 to 100

/** @typedef {import('./index').CameraFrame} CameraFrame */
/** @typedef {import('./index').Size} Size */

/**
 * @typedef {object} Plan how a frame becomes what is sent; the same object as long as it is the same
 * @property {Size} from the camera's frame
 * @property {Size} to the upright result
 * @property {import('./index').Rotation} rotate clockwise, to make the frame upright
 * @property {boolean} mirror after the rotation
 */

/**
 * @typedef {object} Encoder
 * @property {import('./index').Encoding} name
 * @property {'jpeg'|'rgb'} format
 * @property {boolean} [keepsShape] whether its result has the frame's size and orientation, not the plan's
 * @property {(frame: CameraFrame, plan: Plan) => Uint8Array|Promise<Uint8Array>} encode fails with a
 *   RangeError if the frame is malformed, with another error if the encoding does not work here
 */

/** Upright, downscaled pixels. Tables and buffers are allocated once for each plan. */
class Pixels {
  constructor() {
    /** @type {Plan|null} */
    this._plan = null;
    /** @type {Map<number, Downscaler>} by channels */
    this._downscalers = new Map();
  }

  /**
   * @param {CameraFrame} frame
   * @param {Plan} plan
   * @param {3|4} channels
   * @returns {Uint8Array} RGB or RGBA; overwritten by the next call
   */
  of({ data }, plan, channels) {
    if (plan !== this._plan) this._downscalers.clear();
    this._plan = plan;
    const downscaler = this._downscalers.get(channels) || new Downscaler({ ...plan, channels });
    this._downscalers.set(channels, downscaler);
    return downscaler.downscale(data);
  }
}

/** Uncompressed RGB. */
class RgbEncoder {
  /** @param {Pixels} pixels */
  constructor(pixels) {
    this.name = /** @type {const} */ ('rgb');
    this.format = /** @type {const} */ ('rgb');
    this._pixels = pixels;
  }

  /**
   * @param {CameraFrame} frame
   * @param {Plan} plan
   */
  encode(frame, plan) {
    return this._pixels.of(frame, plan, 3);
  }
}

/** JPEG in plain JavaScript. */
class ScriptEncoder {
  /** @param {Pixels} pixels */
  constructor(pixels) {
    this.name = /** @type {const} */ ('jpeg-js');
    this.format = /** @type {const} */ ('jpeg');
    this._pixels = pixels;
    /** @type {Plan|null} */
    this._plan = null;
    this._jpeg = /** @type {JpegEncoder} */ (/** @type {any} */ (null));
  }

  /**
   * @param {CameraFrame} frame
   * @param {Plan} plan
   */
  encode(frame, plan) {
    if (plan !== this._plan) this._jpeg = new JpegEncoder(plan.to, QUALITY);
    this._plan = plan;
    return this._jpeg.encode(this._pixels.of(frame, plan, 3));
  }
}

/** JPEG from a canvas, as a data URL. */
class CanvasUrlEncoder {
  /**
   * @param {Pixels} pixels
   * @param {CanvasJpeg} canvas
   */
  constructor(pixels, canvas) {
    this.name = /** @type {const} */ ('jpeg-url');
    this.format = /** @type {const} */ ('jpeg');
    this._pixels = pixels;
    this._canvas = canvas;
  }

  /**
   * @param {CameraFrame} frame
   * @param {Plan} plan
   */
  encode(frame, plan) {
    return this._canvas.byDataUrl(this._pixels.of(frame, plan, 4), plan.to);
  }
}

/** JPEG from a canvas, as a file. */
class CanvasFileEncoder {
  /**
   * @param {Pixels} pixels
   * @param {CanvasJpeg} canvas
   */
  constructor(pixels, canvas) {
    this.name = /** @type {const} */ ('jpeg-file');
    this.format = /** @type {const} */ ('jpeg');
    this._pixels = pixels;
    this._canvas = canvas;
  }

  /**
   * @param {CameraFrame} frame
   * @param {Plan} plan
   */
  encode(frame, plan) {
    return this._canvas.byFile(this._pixels.of(frame, plan, 4), plan.to);
  }
}

/**
 * The encodings that this phone has for pixels, in the order to try them.
 * @param {import('./index').CanvasNode|null} node a 2d canvas
 * @returns {Encoder[]}
 */
function pixelEncoders(node) {
  const pixels = new Pixels();
  /** @type {Encoder[]} */
  const encoders = [new ScriptEncoder(pixels), new RgbEncoder(pixels)];
  if (!node) return encoders;
  const canvas = new CanvasJpeg(node);
  if (CanvasJpeg.hasFiles()) encoders.unshift(new CanvasFileEncoder(pixels, canvas));
  if (canvas.hasDataUrl()) encoders.unshift(new CanvasUrlEncoder(pixels, canvas));
  return encoders;
}

module.exports = { pixelEncoders, QUALITY };
