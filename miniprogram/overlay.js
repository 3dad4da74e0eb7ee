/** Draws findings on the canvas over the camera's preview. */
'use strict';

const { tagPosition } = require('./client/lib/index.js');
const { classColour, percent } = require('./predictions.js');

const LINE = 2.5;
const TAG_HEIGHT = 22;
const TAG_PADDING = 7;

class Overlay {
  /**
   * @param {WechatMiniprogram.Canvas} canvas of type 2d, as large as the preview
   * @param {import('./client/lib/index').Size} size of the preview, in CSS pixels
   * @param {number} pixelRatio
   */
  constructor(canvas, size, pixelRatio) {
    this._size = size;
    canvas.width = Math.round(size.width * pixelRatio);
    canvas.height = Math.round(size.height * pixelRatio);
    this._pen = canvas.getContext('2d');
    this._pen.scale(pixelRatio, pixelRatio);
  }

  clear() {
    this._pen.clearRect(0, 0, this._size.width, this._size.height);
  }

  /**
   * @param {{place: import('./client/lib/index').Rect, name: string, score: number, index: number}[]} marks
   *   best first, in CSS pixels of the preview
   */
  draw(marks) {
    this.clear();
    for (const { place, index } of marks) this._outline(place, classColour(index));
    // The best tags last, so that they lie on top where boxes crowd.
    for (const mark of marks.slice().reverse()) this._tag(mark);
  }

  /**
   * @param {import('./client/lib/index').Rect} place
   * @param {string} colour
   */
  _outline({ x, y, width, height }, colour) {
    const pen = this._pen;
    pen.strokeStyle = 'rgba(0, 0, 0, 0.55)';
    pen.lineWidth = LINE + 2;
    pen.strokeRect(x, y, width, height);
    pen.strokeStyle = colour;
    pen.lineWidth = LINE;
    pen.strokeRect(x, y, width, height);
  }

  /** @param {{place: import('./client/lib/index').Rect, name: string, score: number, index: number}} mark */
  _tag({ place, name, score, index }) {
    const pen = this._pen;
    pen.font = '600 13px sans-serif';
    pen.textBaseline = 'middle';
    const text = `${name}  ${percent(score)}`;
    const size = { width: pen.measureText(text).width + 2 * TAG_PADDING, height: TAG_HEIGHT };
    const { x, y } = tagPosition(place, size, { x: 0, y: 0, ...this._size });
    pen.fillStyle = classColour(index);
    pen.fillRect(x, y, size.width, size.height);
    pen.fillStyle = '#07120e';
    pen.fillText(text, x + TAG_PADDING, y + TAG_HEIGHT / 2);
  }
}

module.exports = { Overlay };
