/** Draws predictions on the canvas over the camera's preview. */
'use strict';

const { Annotation, mirror } = require('./annotation.js');
const { now, tagPosition } = require('./client/lib/index.js');
const { fillMask } = require('./tasks/box-masks.js');
const { classColour, percent } = require('./predictions.js');

const LINE = 2.5;
const MASK_OPACITY = 0.5;
const TAG_HEIGHT = 22;
const TAG_PADDING = 7;

/** @typedef {import('./pages/live/marks').Mark} Mark */

class Overlay {
  /**
   * @param {WechatMiniprogram.Canvas} canvas a 2d canvas node with the preview's size
   * @param {import('./client/lib/index').Size} size of the preview, in CSS pixels
   * @param {number} pixelRatio
   */
  constructor(canvas, size, pixelRatio) {
    this._canvas = canvas;
    this._size = size;
    canvas.width = Math.round(size.width * pixelRatio);
    canvas.height = Math.round(size.height * pixelRatio);
    this._context = canvas.getContext('2d');
    this._context.scale(pixelRatio, pixelRatio);
    this._annotation = new Annotation();
    this._isClear = true;
    this._tick = 0;
  }

  clear() {
    this._context.clearRect(0, 0, this._size.width, this._size.height);
    this._isClear = true;
  }

  /**
   * Call a function at every display tick, until `rest`.
   * @param {() => void} draw
   */
  animate(draw) {
    this.rest();
    const next = () => {
      this._tick = this._canvas.requestAnimationFrame(next);
      draw();
    };
    this._tick = this._canvas.requestAnimationFrame(next);
  }

  rest() {
    if (this._tick) this._canvas.cancelAnimationFrame(this._tick);
    this._tick = 0;
  }

  /**
   * @param {(at: number) => Mark[]} marksAt where the boxes are at a moment, by `now`: best first, in
   *   CSS pixels of the preview
   * @param {import('./annotation').Answer|null} [answer] what there is to draw besides
   */
  draw(marksAt, answer = null) {
    this._paint(marksAt(now()), answer);
  }

  /**
   * @param {Mark[]} marks
   * @param {import('./annotation').Answer|null} answer
   */
  _paint(marks, answer) {
    const isClear = marks.length === 0 && !answer;
    if (isClear && this._isClear) return;
    this.clear();
    this._isClear = isClear;
    this._context.globalAlpha = 1;
    if (answer) this._annotation.draw(this._context, answer, this._size);
    for (const mark of marks) this._fill(mark);
    for (const mark of marks) this._outline(mark);
    // Best tags last, so that they are on top where boxes overlap.
    for (const mark of marks.slice().reverse()) this._tag(mark);
  }

  /** @param {Mark} mark */
  _fill({ rect, index, opacity, mask, mirrored }) {
    if (!mask) return;
    const context = this._context;
    context.save();
    if (mirrored) mirror(context, rect);
    context.globalAlpha = MASK_OPACITY * opacity;
    context.fillStyle = classColour(index);
    fillMask(context, rect, mask);
    context.restore();
  }

  /** @param {Mark} mark */
  _outline({ rect: { x, y, width, height }, index, opacity }) {
    const context = this._context;
    context.globalAlpha = opacity;
    context.strokeStyle = 'rgba(0, 0, 0, 0.55)';
    context.lineWidth = LINE + 2;
    context.strokeRect(x, y, width, height);
    context.strokeStyle = classColour(index);
    context.lineWidth = LINE;
    context.strokeRect(x, y, width, height);
  }

  /** @param {Mark} mark */
  _tag({ rect, name, score, index, opacity }) {
    const context = this._context;
    context.globalAlpha = opacity;
    context.font = '600 13px sans-serif';
    context.textBaseline = 'middle';
    const text = `${name}  ${percent(score)}`;
    const size = { width: context.measureText(text).width + 2 * TAG_PADDING, height: TAG_HEIGHT };
    const { x, y } = tagPosition(rect, size, { x: 0, y: 0, ...this._size });
    context.fillStyle = classColour(index);
    context.fillRect(x, y, size.width, size.height);
    context.fillStyle = '#07120e';
    context.fillText(text, x + TAG_PADDING, y + TAG_HEIGHT / 2);
  }
}

module.exports = { Overlay };
