/** Draws what a result says, but for boxes, over its picture. */
'use strict';

const { mirror } = require('./tasks/box-drawing.js');
const { heatPixels } = require('./tasks/heat-map.js');
const { drawPoses } = require('./tasks/pose-drawing.js');
const { Raster } = require('./tasks/raster.js');
const { drawScoreBars } = require('./tasks/score-bars.js');
const { maskPixels } = require('./tasks/segmentation.js');

/** @typedef {import('./client/lib/index').Rect} Rect */
/** @typedef {import('./tasks/types').Pen} Pen */

/**
 * @typedef {object} Answer
 * @property {import('./tasks/types').Predictions} predictions
 * @property {Partial<import('./client/lib/index').Result>} result
 * @property {import('./client/lib/index').Model|null} model
 * @property {Rect} rect of the whole frame, in CSS pixels of the canvas
 * @property {boolean} mirrored whether the picture is shown as in a mirror
 */

class Annotation {
  constructor() {
    /** @type {Raster|null} */
    this._raster = null;
  }

  /**
   * @param {Pen} context in CSS pixels
   * @param {Answer} answer
   * @param {Rect} room for the scores of classes
   * @param {number} opacity of masks and heat maps, 0 to 1
   */
  draw(context, answer, room, opacity) {
    const { predictions, rect, mirrored } = answer;
    if (predictions.kind === 'classes') {
      drawScoreBars(context, room, predictions.items);
      return;
    }
    context.save();
    if (mirrored) mirror(context, rect);
    this._drawPlaced(context, answer, opacity);
    context.restore();
  }

  /**
   * @param {Pen} context
   * @param {Answer} answer
   * @param {number} opacity
   */
  _drawPlaced(context, { predictions, result: { masks, map }, model, rect }, opacity) {
    if (predictions.kind === 'poses') drawPoses(context, rect, predictions.items);
    const raster = masks || map ? this._rasterOf() : null;
    if (!raster) return;
    const options = { opacity, isSmooth: Boolean(map) };
    if (masks) raster.draw(context, rect, masks, (source) => maskPixels(source, model), options);
    else if (map) raster.draw(context, rect, map, heatPixels, options);
  }

  /** Older versions of WeChat have no canvas for it; what they show is the result as text. */
  _rasterOf() {
    if (!this._raster && wx.createOffscreenCanvas) {
      this._raster = new Raster(() => wx.createOffscreenCanvas({ type: '2d', width: 1, height: 1 }));
    }
    return this._raster;
  }
}

module.exports = { Annotation };
