/** Draws what a result says, but for boxes, over the camera's preview. */
'use strict';

const { heatPixels } = require('./tasks/heat-map.js');
const { drawPoses } = require('./tasks/pose-drawing.js');
const { Raster } = require('./tasks/raster.js');
const { drawScoreBars } = require('./tasks/score-bars.js');
const { maskPixels } = require('./tasks/segmentation.js');

const OPACITY = 0.55; // of masks and heat maps
const BARS_TOP = 96; // CSS pixels: below the state

/** @typedef {import('./client/lib/index').Rect} Rect */
/** @typedef {import('./tasks/types').Pen} Pen */

/**
 * @typedef {object} Answer
 * @property {import('./tasks/types').Predictions} predictions
 * @property {Partial<import('./client/lib/index').Result>} result
 * @property {import('./client/lib/index').Model|null} model
 * @property {Rect} rect of the whole frame, in CSS pixels of the preview
 * @property {boolean} mirrored whether the preview is mirrored
 */

class Annotation {
  constructor() {
    /** @type {Raster|null} */
    this._raster = null;
  }

  /**
   * @param {Pen} context in CSS pixels
   * @param {Answer} answer
   * @param {import('./client/lib/index').Size} preview
   */
  draw(context, answer, preview) {
    const { predictions, rect, mirrored } = answer;
    if (predictions.kind === 'classes') {
      const room = { x: 0, y: BARS_TOP, width: preview.width, height: preview.height / 2 - BARS_TOP };
      drawScoreBars(context, room, predictions.items);
      return;
    }
    context.save();
    if (mirrored) mirror(context, rect);
    this._drawPlaced(context, answer);
    context.restore();
  }

  /**
   * @param {Pen} context
   * @param {Answer} answer
   */
  _drawPlaced(context, { predictions, result: { masks, map }, model, rect }) {
    if (predictions.kind === 'poses') drawPoses(context, rect, predictions.items);
    const raster = masks || map ? this._rasterOf() : null;
    if (!raster) return;
    const options = { opacity: OPACITY, isSmooth: Boolean(map) };
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

/**
 * Draw from here on as in a mirror, within a rectangle.
 * @param {Pen} context
 * @param {Rect} rect
 */
function mirror(context, rect) {
  context.translate(2 * rect.x + rect.width, 0);
  context.scale(-1, 1);
}

module.exports = { Annotation, mirror };
