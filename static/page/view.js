/**
 * The stage: the latest frame with a result, drawn with its own boxes.
 *
 * It keeps that frame's bitmap, so that it can redraw when the slider moves or the phone rotates,
 * and closes it when the next one arrives.
 */

import { fit } from '../client/geometry.js';
import { drawBoxes, drawLines, percent } from './overlay.js';
import { readPredictions } from './predictions.js';

const MAX_PIXEL_RATIO = 2; // more costs time without a visible difference
const [WIDEST, NARROWEST] = [16 / 9, 3 / 4];

export class View {
  /** @param {HTMLCanvasElement} canvas fills the stage, whose shape follows the frame's */
  constructor(canvas) {
    this._canvas = canvas;
    this._context = canvas.getContext('2d', { alpha: false });
    this._shown = null; // {bitmap, result, labels}
    this._minScore = 0;
    this._aspect = 0;
    new ResizeObserver(() => this._resize()).observe(canvas);
  }

  /** Show a frame, and take ownership of its bitmap. Without a result: the plain image. */
  show(shown) {
    this._close();
    this._shown = shown;
    this._setAspect(shown.bitmap.width / shown.bitmap.height);
    this._draw();
  }

  /** Redraw with the predictions of at least this score. */
  setMinScore(minScore) {
    this._minScore = minScore;
    this._draw();
  }

  /** @returns {{kind: string, items: object[]}|null} what the shown frame's result contains */
  predictions() {
    if (!this._shown || !this._shown.result) return null;
    return readPredictions(this._shown.result, this._shown.labels, this._minScore);
  }

  _close() {
    if (this._shown) this._shown.bitmap.close();
    this._shown = null;
  }

  _setAspect(aspect) {
    const clamped = Math.max(NARROWEST, Math.min(WIDEST, aspect));
    if (Math.abs(clamped - this._aspect) < 0.01) return;
    this._aspect = clamped;
    document.documentElement.style.setProperty('--aspect', clamped.toFixed(4));
  }

  _resize() {
    const scale = Math.min(MAX_PIXEL_RATIO, devicePixelRatio || 1);
    this._canvas.width = Math.max(1, Math.round(this._canvas.clientWidth * scale));
    this._canvas.height = Math.max(1, Math.round(this._canvas.clientHeight * scale));
    this._draw();
  }

  _draw() {
    const context = this._context;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = '#0a0e0d';
    context.fillRect(0, 0, this._canvas.width, this._canvas.height);
    if (!this._shown) return;
    const { bitmap } = this._shown;
    const scale = this._canvas.width / Math.max(1, this._canvas.clientWidth);
    const available = [this._canvas.width / scale, this._canvas.height / scale];
    const rect = fit(bitmap.width, bitmap.height, ...available);
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.drawImage(bitmap, rect.x, rect.y, rect.width, rect.height);
    this._annotate(context, rect);
  }

  /** Draw boxes, or the top classes. Raw outputs are listed below the stage instead. */
  _annotate(context, rect) {
    const predictions = this.predictions();
    if (!predictions) return;
    const { kind, items } = predictions;
    if (kind === 'boxes') drawBoxes(context, rect, items);
    if (kind === 'classes') {
      drawLines(context, rect, items.map(({ name, score }) => `${name}  ${percent(score)}`));
    }
  }
}
