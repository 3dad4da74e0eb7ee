/** Draws predictions on the canvas over a picture: the camera's preview or a photo. */
'use strict';

const { Annotation } = require('./annotation.js');
const { now } = require('./client/lib/index.js');
const { drawBoxes } = require('./tasks/box-drawing.js');

/** @typedef {import('./marks').Mark} Mark */

class Overlay {
  /**
   * @param {WechatMiniprogram.Canvas} canvas a 2d canvas node with the picture's size
   * @param {import('./client/lib/index').Size} size in CSS pixels
   * @param {number} pixelRatio
   * @param {import('./client/lib/index').Rect} [room] for the scores of classes; by default all of it
   */
  constructor(canvas, size, pixelRatio, room = { x: 0, y: 0, ...size }) {
    this._room = room;
    this._canvas = canvas;
    this._size = size;
    canvas.width = Math.round(size.width * pixelRatio);
    canvas.height = Math.round(size.height * pixelRatio);
    this._context = canvas.getContext('2d');
    this._context.scale(pixelRatio, pixelRatio);
    this._annotation = new Annotation();
    this._opacity = 1;
    this._isClear = true;
    this._tick = 0;
  }

  /** @param {number} opacity how much masks and heat maps cover, 0 to 1, from the next `draw` on */
  setOpacity(opacity) {
    this._opacity = opacity;
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
   *   CSS pixels of the canvas
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
    if (answer) this._annotation.draw(this._context, answer, this._room, this._opacity);
    const options = { hasScores: true, maskOpacity: this._opacity };
    drawBoxes(this._context, { x: 0, y: 0, ...this._size }, marks, options);
  }
}

module.exports = { Overlay };
