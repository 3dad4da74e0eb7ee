/**
 * The stage: a picture with what was recognized in it, drawn in one go so that the two cannot drift
 * apart.
 *
 * The picture is a frame with its own result, or the source's current one with boxes that were
 * carried to it. The view keeps it, so that it can redraw when the slider moves or the phone rotates.
 */

import { boxToRect, fit } from '../client/geometry.js';
import { drawBoxes } from '../tasks/box-drawing.js';
import { heatPixels } from '../tasks/heat-map.js';
import { drawPoses } from '../tasks/pose-drawing.js';
import { readBoxes, readPredictions } from '../tasks/predictions.js';
import { Raster } from '../tasks/raster.js';
import { drawScoreBars } from '../tasks/score-bars.js';
import { maskPixels } from '../tasks/segmentation.js';
import { Backdrop } from './backdrop.js';

const MAX_PIXEL_RATIO = 2; // more costs time without a visible difference
const [WIDEST, NARROWEST] = [16 / 9, 3 / 4];
const OPACITY = 0.55; // of masks and heat maps, unless the user sets another
const SAVED_SIDE = 960; // the size in CSS pixels that a saved picture is drawn for, whatever its own

export class View {
  /**
   * @param {HTMLCanvasElement} canvas fills its parent, the stage, which gets the picture's shape as
   *   `--aspect`
   * @param {object} [hooks]
   * @param {function(CanvasRenderingContext2D, object)} [hooks.decorate] draws between picture and boxes
   * @param {function(object)} [hooks.onPlace] receives where on the stage the picture is
   */
  constructor(canvas, { decorate = () => {}, onPlace = () => {} } = {}) {
    this._canvas = canvas;
    this._decorate = decorate;
    this._onPlace = onPlace;
    this._context = canvas.getContext('2d', { alpha: false });
    this.place = null; // where on the stage the picture is, in CSS pixels
    this._shown = null;
    this._minScore = 0;
    this._shows = () => true;
    this._opacity = OPACITY;
    this._pointer = null;
    this._raster = new Raster(() => document.createElement('canvas'));
    this._backdrop = new Backdrop();
    this._aspect = 0;
    new ResizeObserver(() => this._resize()).observe(canvas);
    for (const kind of ['pointermove', 'pointerdown', 'pointerleave']) {
      canvas.addEventListener(kind, (event) => this._point(event));
    }
  }

  /**
   * Show a picture. Without a result: the plain image.
   * @param {object} shown
   * @param {ImageBitmap} [shown.bitmap] the picture, which the view owns from now on, or
   * @param {{image: CanvasImageSource, width: number, height: number}} [shown.preview] a source's own
   * @param {object|null} [shown.result]
   * @param {object|null} [shown.model] that gave the result, as the welcome has it
   * @param {object[]} [shown.boxes] of `Overlay.at`, if the result's own are not where its objects
   *   are in this picture
   */
  show(shown) {
    this._close();
    this._shown = shown;
    const { width, height } = pictureOf(shown);
    this._setAspect(width / height);
    this.draw();
  }

  /** Redraw with the predictions of at least this score. */
  setMinScore(minScore) {
    this._minScore = minScore;
    this.draw();
  }

  /** Redraw with the boxes of the classes for which `shows` returns true. */
  setFilter(shows) {
    this._shows = shows;
    this.draw();
  }

  /** Redraw with masks and heat maps that cover this much, 0 to 1, of the frame's light. */
  setOpacity(opacity) {
    this._opacity = opacity;
    this.draw();
  }

  /** @returns {{kind: string, items: object[]}|null} what the result on show contains */
  predictions() {
    if (!this._shown || !this._shown.result) return null;
    return readPredictions(this._shown.result, this._shown.model, this._minScore, this._shows);
  }

  /** @returns {Promise<Blob|null>} a PNG of the picture, in its own size, with what is drawn over it */
  save() {
    if (!this._shown) return Promise.resolve(null);
    const { width, height } = pictureOf(this._shown);
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [width, height];
    const context = canvas.getContext('2d', { alpha: false });
    const scale = Math.max(width, height) / SAVED_SIDE;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    this._paint(context, { x: 0, y: 0, width: width / scale, height: height / scale }, null);
    return new Promise((resolve) => canvas.toBlob(resolve));
  }

  _close() {
    if (this._shown && this._shown.bitmap) this._shown.bitmap.close();
    this._shown = null;
  }

  _setAspect(aspect) {
    const clamped = Math.max(NARROWEST, Math.min(WIDEST, aspect));
    if (Math.abs(clamped - this._aspect) < 0.01) return;
    this._aspect = clamped;
    this._canvas.parentElement.style.setProperty('--aspect', clamped.toFixed(4));
  }

  _resize() {
    const scale = Math.min(MAX_PIXEL_RATIO, devicePixelRatio || 1);
    this._canvas.width = Math.max(1, Math.round(this._canvas.clientWidth * scale));
    this._canvas.height = Math.max(1, Math.round(this._canvas.clientHeight * scale));
    this.draw();
  }

  draw() {
    const context = this._context;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = '#0a0e0d';
    context.fillRect(0, 0, this._canvas.width, this._canvas.height);
    if (!this._shown) return;
    const { image, width, height } = pictureOf(this._shown);
    const scale = this._canvas.width / Math.max(1, this._canvas.clientWidth);
    const available = [this._canvas.width / scale, this._canvas.height / scale];
    const rect = fit(width, height, ...available);
    context.setTransform(scale, 0, 0, scale, 0, 0);
    if (rect.x >= 1 || rect.y >= 1) this._backdrop.draw(context, image, ...available);
    this.place = rect;
    this._onPlace(rect);
    this._paint(context, rect, this._pointer);
  }

  _paint(context, rect, pointer) {
    context.drawImage(pictureOf(this._shown).image, rect.x, rect.y, rect.width, rect.height);
    this._decorate(context, rect);
    this._annotate(context, rect, pointer);
  }

  /** Draw what the task calls for. Raw outputs and embeddings are below the stage instead. */
  _annotate(context, rect, pointer) {
    const { model, boxes } = this._shown;
    const labels = model ? model.labels : [];
    if (boxes) {
      return this._drawBoxes(context, rect, readBoxes(boxes, labels, this._minScore, this._shows), pointer);
    }
    const predictions = this.predictions();
    if (!predictions) return undefined;
    const { kind, items } = predictions;
    switch (kind) {
      case 'boxes':
        return this._drawBoxes(context, rect, items, pointer);
      case 'poses':
        return drawPoses(context, rect, items);
      case 'masks':
        return this._drawMasks(context, rect);
      case 'map':
        return this._drawMap(context, rect);
      case 'classes':
        return drawScoreBars(context, rect, items);
      default:
        return undefined;
    }
  }

  _drawBoxes(context, rect, items, pointer) {
    const placed = items.map(({ box, ...rest }) => ({ ...rest, rect: boxToRect(box, rect) }));
    drawBoxes(context, rect, placed, { pointer, maskOpacity: this._opacity });
  }

  _drawMasks(context, rect) {
    const { result, model } = this._shown;
    const options = { opacity: this._opacity, isSmooth: false };
    this._raster.draw(context, rect, result.masks, (masks) => maskPixels(masks, model), options);
  }

  _drawMap(context, rect) {
    const options = { opacity: this._opacity, isSmooth: true };
    this._raster.draw(context, rect, this._shown.result.map, heatPixels, options);
  }

  /** The box under the pointer has its score. A finger that is lifted still points. */
  _point({ type, pointerType, offsetX, offsetY }) {
    if (type === 'pointerleave' && pointerType === 'touch') return;
    this._pointer = type === 'pointerleave' ? null : { x: offsetX, y: offsetY };
    this.draw();
  }
}

function pictureOf({ bitmap, preview }) {
  return preview || { image: bitmap, width: bitmap.width, height: bitmap.height };
}
