/**
 * Draws predictions over the camera's preview: on Skyline, boxes are views that its UI thread moves;
 * everything else, and boxes without Skyline, is drawn on the canvas.
 */
'use strict';

const { now } = require('./client/lib/index.js');
const { Overlay } = require('./overlay.js');

const SETTLE_MS = 100; // by then a box is where its latest result put it
const STEP_MS = 50; // short enough that a box still moves all the while
const HORIZON_MS = 1000; // by then every box has stopped
const LEAST_PX = 0.1;
const BARS_TOP = 96; // CSS pixels: below the state

/** @typedef {import('./marks').Mark} Mark */
/** @typedef {import('./client/lib/index').Rect} Rect */
/**
 * @typedef {Mark & {settled: Rect, settleMs: number, goal: Rect, goalMs: number}} Moving a box on its
 *   way to two places, with the ms after which it reaches each
 */
/** @typedef {{show(marks: Moving[]): void, isMoving(): boolean}} Boxes */

/**
 * How far two rectangles are apart.
 * @param {Rect} a
 * @param {Rect} b
 */
function distance(a, b) {
  return Math.abs(a.x - b.x) + Math.abs(a.y - b.y) + Math.abs(a.width - b.width) + Math.abs(a.height - b.height);
}

/**
 * Where each box goes until the next result, and for how long: first to where that result puts it,
 * then evenly on, until it stops.
 * @param {(at: number) => Mark[]} marksAt
 * @param {number} at
 * @returns {Moving[]}
 */
function moving(marksAt, at) {
  const goals = marksAt(at + HORIZON_MS); // first: it forgets the boxes that have ended
  const settled = marksAt(at + SETTLE_MS);
  const soon = marksAt(at + SETTLE_MS + STEP_MS);
  return marksAt(at).map((mark, i) => {
    const [{ rect: first }, { rect: goal }] = [settled[i], goals[i]];
    const step = distance(first, soon[i].rect);
    const goalMs = step > LEAST_PX ? (STEP_MS * distance(first, goal)) / step : 0;
    return { ...mark, settled: first, settleMs: SETTLE_MS, goal, goalMs };
  });
}

class MovingOverlay extends Overlay {
  /**
   * @param {WechatMiniprogram.Canvas} canvas
   * @param {import('./client/lib/index').Size} size
   * @param {number} pixelRatio
   * @param {Rect} room for the scores of classes
   * @param {Boxes} boxes
   */
  constructor(canvas, size, pixelRatio, room, boxes) {
    super(canvas, size, pixelRatio, room);
    this._boxes = boxes;
    /** @type {() => void} */
    this._draw = () => {};
    this._isAnimated = false;
    this._isTicking = false;
  }

  /** @param {() => void} draw */
  animate(draw) {
    this._draw = draw;
    this._isAnimated = true;
  }

  rest() {
    super.rest();
    this._isAnimated = false;
    this._isTicking = false;
  }

  /**
   * @param {(at: number) => Mark[]} marksAt
   * @param {import('./annotation').Answer|null} [answer]
   */
  draw(marksAt, answer = null) {
    const marks = moving(marksAt, now());
    const isShaped = marks.some(({ mask, corners }) => mask || corners); // which only the canvas can draw
    this._boxes.show(isShaped ? [] : marks);
    this._paint(isShaped ? marks : [], answer);
    this._tickIf(isShaped && this._isAnimated);
  }

  /** @param {boolean} isNeeded */
  _tickIf(isNeeded) {
    if (isNeeded === this._isTicking) return;
    const isAnimated = this._isAnimated;
    if (isNeeded) super.animate(this._draw);
    else super.rest();
    this._isAnimated = isAnimated;
    this._isTicking = isNeeded;
  }
}

/**
 * @param {WechatMiniprogram.Canvas} canvas a 2d canvas node with the preview's size
 * @param {import('./client/lib/index').Size} size of the preview, in CSS pixels
 * @param {number} pixelRatio
 * @param {any} boxes the page's component for boxes, if there is one
 * @returns {Overlay}
 */
function newOverlay(canvas, size, pixelRatio, boxes) {
  const room = { x: 0, y: BARS_TOP, width: size.width, height: size.height / 2 - BARS_TOP };
  if (!boxes || !boxes.isMoving()) return new Overlay(canvas, size, pixelRatio, room);
  return new MovingOverlay(canvas, size, pixelRatio, room, boxes);
}

module.exports = { newOverlay };
