/**
 * Encodes a camera's frame for a model: upright, downscaled to the model's input size, in the way
 * that is cheapest on this phone and network.
 */
'use strict';

const { AdaptiveScale } = require('./adaptive-scale.js');
const { sendSize } = require('./core/geometry.js');
const { EncoderSelector } = require('./encoder-selector.js');
const { pixelEncoders } = require('./encodings.js');
const { uprightSize } = require('./preview.js');

const MIN_SIDE = 32; // pixels

/** @typedef {import('./encodings').Encoder} Encoder */
/** @typedef {import('./encodings').Plan} Plan */
/** @typedef {import('./index').CameraFrame} CameraFrame */
/** @typedef {import('./index').Model} Model */
/** @typedef {import('./index').Orientation} Orientation */
/** @typedef {import('./index').Size} Size */

/**
 * @param {number} side
 * @param {number} max
 */
function even(side, max) {
  const rounded = 2 * Math.round(side / 2);
  return Math.max(1, rounded <= max ? rounded : max);
}

class FrameEncoder {
  /**
   * @param {object} options
   * @param {import('./index').CanvasNode|null} options.canvas a 2d canvas node for JPEG
   * @param {import('./index').Fit} options.fit stretch: the model's input size, the fewest bytes;
   *   cover: the frame's aspect ratio; auto: cover if the model letterboxes, otherwise stretch
   * @param {() => number} options.now ms
   * @param {(encoding: import('./index').Encoding) => void} [options.onAbandoned] an encoding has
   *   failed twice in a row, so it is not used again
   * @param {Encoder[]} [own] encodings that the frames' source has besides, tried first
   */
  constructor({ canvas, fit, now, onAbandoned }, own = []) {
    this._fit = fit;
    this._now = now;
    this._onAbandoned = onAbandoned;
    this._encoders = own.concat(pixelEncoders(canvas));
    this._selector = new EncoderSelector(this._encoders);
    this._scale = new AdaptiveScale();
    /** @type {Plan|null} */
    this._plan = null;
    this.encoding = /** @type {import('./index').Encoding|null} */ (null);
  }

  /**
   * @param {CameraFrame} frame
   * @param {Orientation} orientation
   * @param {Model} model
   * @param {number|null} uplinkBytesPerS null while unknown
   * @returns {Promise<import('./index').EncodedFrame|null>|import('./index').EncodedFrame|null} a
   *   promise only if the encoding is asynchronous; null if this encoding failed, so that the next
   *   frame uses another
   * @throws {Error} if no encoding is left that the model accepts
   * @throws {RangeError} if the frame's data does not match its size
   */
  encode(frame, orientation, model, uplinkBytesPerS) {
    const encoder = this._select(orientation, model, uplinkBytesPerS);
    this._adapt(model, uplinkBytesPerS);
    const { source, plan } = this._prepare(frame, orientation, model);
    this.encoding = encoder.name;
    const startedAt = this._now();
    const finish = (/** @type {Uint8Array} */ data) => this._finish(encoder, startedAt, plan, data);
    try {
      const data = encoder.encode(source, plan);
      return 'then' in data ? data.then(finish).catch(() => this._failed(encoder)) : finish(data);
    } catch (error) {
      if (error instanceof RangeError) throw error;
      return this._failed(encoder);
    }
  }

  /**
   * What a frame costs with the best encoding, once each has been tried.
   * @param {Model} model
   * @param {number|null} uplinkBytesPerS
   * @returns {number|null} ms; null while unknown
   */
  cost({ formats }, uplinkBytesPerS) {
    const cheapest = this._selector.cheapest(formats, uplinkBytesPerS);
    return cheapest && this._selector.cost(cheapest, uplinkBytesPerS);
  }

  /**
   * Adapt the scale to the frames that are sent most: those of the cheapest encoding. The large
   * frames of one that is only tried must not change it, or the trials would start anew.
   * @param {Model} model
   * @param {number|null} uplinkBytesPerS
   */
  _adapt({ formats }, uplinkBytesPerS) {
    const cheapest = this._selector.cheapest(formats, uplinkBytesPerS);
    if (cheapest) this._scale.update(this._now(), this._selector.bytes(cheapest), uplinkBytesPerS);
  }

  /**
   * @param {Model} model
   * @returns {boolean} whether every encoding that the model accepts has failed on this phone
   */
  hasFailed({ formats }) {
    return this._selector.hasFailed(formats);
  }

  /**
   * @param {Orientation} orientation
   * @param {Model} model
   * @param {number|null} uplinkBytesPerS
   * @returns {Encoder}
   */
  _select({ rotate, mirror }, { formats }, uplinkBytesPerS) {
    const isUpright = rotate === 0 && !mirror;
    const name = this._selector.select(this._now(), formats, uplinkBytesPerS, isUpright);
    const encoder = this._encoders.find((candidate) => candidate.name === name);
    if (encoder) return encoder;
    throw new Error('this phone cannot encode frames in a format that the model accepts');
  }

  /**
   * @param {Encoder} encoder
   * @param {number} startedAt
   * @param {Plan} plan
   * @param {Uint8Array} data
   * @returns {import('./index').EncodedFrame|null}
   */
  _finish(encoder, startedAt, { from, to, rotate }, data) {
    if (data.byteLength === 0) return this._failed(encoder);
    const { name, format, keepsShape } = encoder;
    const encodeMs = this._now() - startedAt;
    this._selector.succeeded(name, this._now(), encodeMs, data.byteLength);
    const upright = uprightSize(from, rotate);
    return { format, ...(keepsShape ? from : to), data, encoding: name, encodeMs, upright };
  }

  /** @param {Encoder} encoder */
  _failed({ name }) {
    if (this._selector.failed(name) && this._onAbandoned) this._onAbandoned(name);
    return null;
  }

  /**
   * @param {CameraFrame} frame
   * @param {Orientation} orientation
   * @param {Model} model
   */
  _prepare(frame, orientation, model) {
    const { rotate } = orientation;
    const covering = this._coveringSize(uprightSize(frame, rotate), model);
    const source = frame.scaled ? frame.scaled(uprightSize(covering, rotate)) : frame;
    const to = this._targetSize(covering, uprightSize(source, rotate), model);
    return { source, plan: this._planFor(source, orientation, to) };
  }

  /**
   * The upright size in which the frame covers the model's input.
   * @param {Size} upright
   * @param {Model} model
   * @returns {Size}
   */
  _coveringSize({ width, height }, model) {
    const size = sendSize(width, height, model, { full: false, maxPixels: Infinity });
    return this._scaled(size);
  }

  /**
   * @param {Size} covering the upright size in which the frame covers the model's input
   * @param {Size} source the frame's own size, upright
   * @param {Model} model
   * @returns {Size}
   */
  _targetSize(covering, source, model) {
    const fit = this._fit === 'auto' && model.resize === 'letterbox' ? 'cover' : this._fit;
    const size =
      fit !== 'cover' && model.width && model.height
        ? this._scaled({ width: model.width, height: model.height })
        : covering;
    return {
      width: even(Math.max(MIN_SIDE, size.width), source.width),
      height: even(Math.max(MIN_SIDE, size.height), source.height),
    };
  }

  /** @param {Size} size */
  _scaled({ width, height }) {
    const scale = this._scale.scale();
    return { width: width * scale, height: height * scale };
  }

  /**
   * @param {CameraFrame} frame
   * @param {Orientation} orientation
   * @param {Size} to
   * @returns {Plan} the same object as before if nothing has changed
   */
  _planFor({ width, height }, { rotate, mirror }, to) {
    const plan = { from: { width, height }, to, rotate, mirror };
    if (this._plan && JSON.stringify(plan) === JSON.stringify(this._plan)) return this._plan;
    this._plan = plan;
    this._selector.restart();
    return plan;
  }
}

module.exports = { FrameEncoder };
