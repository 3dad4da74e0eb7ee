/**
 * The stage: the newest answered frame, drawn together with its own boxes.
 *
 * It keeps that one frame's bitmap, so that a moved slider or a turned phone redraws it at once,
 * and closes it when the next one comes.
 */

import { readPredictions } from './predictions.js';
import { fit } from '../client/geometry.js';
import { drawBoxes, drawLines, percent } from './overlay.js';

const SHARPEST = 2; // device pixels for a CSS pixel; more costs time and shows nothing
const [WIDEST, NARROWEST] = [16 / 9, 3 / 4];

export class View {
  /**
   * @param {HTMLCanvasElement} canvas that fills the stage, whose shape follows the frame's
   */
  constructor(canvas) {
    this._canvas = canvas;
    this._pen = canvas.getContext('2d', { alpha: false });
    this._shown = null; // {bitmap, result, labels}
    this._minScore = 0;
    this._aspect = 0;
    new ResizeObserver(() => this._resize()).observe(canvas);
  }

  /** Shows a frame; the bitmap is the view's from now on. Without a result: the bare picture. */
  show(shown) {
    this._close();
    this._shown = shown;
    this._shape(shown.bitmap.width / shown.bitmap.height);
    this._draw();
  }

  /** Draws what is shown again, with boxes of at least this score. */
  setMinScore(minScore) {
    this._minScore = minScore;
    this._draw();
  }

  /** Nothing is shown any more. */
  clear() {
    this._close();
    this._draw();
  }

  /** @returns {{kind: string, findings: object[]}|null} what the shown frame's result says */
  answer() {
    if (!this._shown || !this._shown.result) return null;
    return readPredictions(this._shown.result, this._shown.labels, this._minScore);
  }

  _close() {
    if (this._shown) this._shown.bitmap.close();
    this._shown = null;
  }

  _shape(aspect) {
    const shape = Math.max(NARROWEST, Math.min(WIDEST, aspect));
    if (Math.abs(shape - this._aspect) < 0.01) return;
    this._aspect = shape;
    document.documentElement.style.setProperty('--aspect', shape.toFixed(4));
  }

  _resize() {
    const scale = Math.min(SHARPEST, devicePixelRatio || 1);
    this._canvas.width = Math.max(1, Math.round(this._canvas.clientWidth * scale));
    this._canvas.height = Math.max(1, Math.round(this._canvas.clientHeight * scale));
    this._draw();
  }

  _draw() {
    const pen = this._pen;
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.fillStyle = '#0a0e0d';
    pen.fillRect(0, 0, this._canvas.width, this._canvas.height);
    if (!this._shown) return;
    const { bitmap } = this._shown;
    const scale = this._canvas.width / Math.max(1, this._canvas.clientWidth);
    const room = [this._canvas.width / scale, this._canvas.height / scale];
    const place = fit(bitmap.width, bitmap.height, ...room);
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.drawImage(bitmap, place.x, place.y, place.width, place.height);
    this._annotate(pen, place);
  }

  _annotate(pen, place) {
    const answer = this.answer();
    if (!answer) return;
    if (answer.kind === 'boxes') drawBoxes(pen, place, answer.findings);
    else if (answer.kind === 'classes') {
      drawLines(pen, place, answer.findings.map(({ name, score }) => `${name}  ${percent(score)}`));
    } else {
      drawLines(pen, place, answer.findings.map(tensorLine));
    }
  }
}

function tensorLine({ name, dtype, shape }) {
  return `${name}: ${dtype} [${shape.join(', ')}]`;
}
