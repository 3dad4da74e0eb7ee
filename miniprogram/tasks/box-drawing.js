// Generated from static/tasks/box-drawing.js by `make miniprogram`; do not edit.
'use strict';

/** Draws boxes over their frame: masks, thin lines, and small labels that do not cover one another. */

const { fillMask } = require('./box-masks.js');
const { classColour } = require('./colours.js');
const { boxAt, placeLabels } = require('./label-placement.js');
const { percent } = require('./names.js');
const { shorten } = require('./shorten.js');

/** @typedef {import('../client/lib/core/types.js').Rect} Rect */
/** @typedef {import('./types.js').Pen} Pen */
/** @typedef {import('./types.js').PlacedBox} PlacedBox */

const LINE = 2;
const SHADE = 'rgba(0, 0, 0, 0.22)'; // around the line, so that it is visible on its own colour
const ROUND = 3;
const LABEL = { height: 18, padding: 5, least: 22 };
const MOST_LABELS = 60; // more could not be read, and placing them takes time
const DIMMED = 0.55; // the opacity of the other boxes while the pointer is on one
const TAG_INK = '#07120e';
const FONT = '600 12px system-ui, sans-serif';

/**
 * @param {Pen} context in CSS pixels
 * @param {Rect} bounds that labels stay in
 * @param {PlacedBox[]} boxes best first
 * @param {object} [options]
 * @param {{x: number, y: number}|null} [options.pointer] the box under it is brought out, with its score
 * @param {boolean} [options.hasScores] whether every label has its score, for screens without a pointer
 * @param {number} [options.maskOpacity] how much masks cover, 0 to 1
 */
function drawBoxes(context, bounds, boxes, { pointer = null, hasScores = false, maskOpacity = 1 } = {}) {
  const pointed = pointer ? boxAt(boxes.map(({ rect }) => rect), pointer) : -1;
  const opacity = (/** @type {number} */ i) => boxes[i].opacity * (pointed < 0 || pointed === i ? 1 : DIMMED);
  context.save();
  boxes.forEach((box, i) => {
    context.globalAlpha = maskOpacity * opacity(i);
    drawMask(context, box);
  });
  boxes.forEach((box, i) => {
    context.globalAlpha = opacity(i);
    outline(context, box);
  });
  context.font = FONT;
  context.textBaseline = 'middle';
  for (const { i, place, text } of labelsOf(context, bounds, boxes, pointed, hasScores)) {
    context.globalAlpha = opacity(i);
    drawLabel(context, place, text, classColour(boxes[i].index));
  }
  context.restore();
}

/**
 * @param {Pen} context
 * @param {PlacedBox} box
 */
function drawMask(context, { rect, index, mask, mirrored }) {
  if (!mask) return;
  context.save();
  if (mirrored) mirror(context, rect);
  context.fillStyle = classColour(index);
  fillMask(context, rect, mask);
  context.restore();
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

/**
 * The labels that have room: whole, or shortened to the width of their box.
 * @param {Pen} context
 * @param {Rect} bounds
 * @param {PlacedBox[]} boxes
 * @param {number} pointed
 * @param {boolean} hasScores
 */
function labelsOf(context, bounds, boxes, pointed, hasScores) {
  const shown = boxes.map((_, i) => i).filter((i) => i < MOST_LABELS || i === pointed);
  const labels = shown.map((i) => {
    const { name, score, rect } = boxes[i];
    const text = hasScores || i === pointed ? `${name}  ${percent(score)}` : name;
    const width = widthOf(context, text);
    const short = Math.max(LABEL.least, rect.width);
    return { i, text, box: rect, widths: short < width ? [width, short] : [width], isFirst: i === pointed };
  });
  /** @type {{i: number, text: string, place: import('./types.js').LabelPlace}[]} */
  const placed = [];
  placeLabels(labels, LABEL.height, bounds).forEach((place, k) => {
    if (place) placed.push({ i: labels[k].i, text: labels[k].text, place });
  });
  return placed;
}

/**
 * @param {Pen} context
 * @param {string} text
 */
function widthOf(context, text) {
  return Math.ceil(context.measureText(text).width) + 2 * LABEL.padding;
}

/**
 * @param {Pen} context
 * @param {PlacedBox} box
 */
function outline(context, { rect, corners, index, mirrored }) {
  if (corners) traceCorners(context, rect, corners, Boolean(mirrored));
  else trace(context, rect);
  context.strokeStyle = SHADE;
  context.lineWidth = LINE + 1.5;
  context.stroke();
  context.strokeStyle = classColour(index);
  context.lineWidth = LINE;
  context.stroke();
}

/**
 * @param {Pen} context
 * @param {import('./types.js').LabelPlace} place
 * @param {string} text
 * @param {string} colour
 */
function drawLabel(context, { x, y, width }, text, colour) {
  trace(context, { x, y, width, height: LABEL.height });
  context.fillStyle = colour;
  context.fill();
  context.fillStyle = TAG_INK;
  const fitting = shorten(text, (shorter) => widthOf(context, shorter) <= width);
  context.fillText(fitting, x + LABEL.padding, y + LABEL.height / 2 + 0.5);
}

/**
 * The path of a rounded box, or of a plain one where there is no `roundRect`.
 * @param {Pen} context
 * @param {Rect} rect
 */
function trace(context, { x, y, width, height }) {
  context.beginPath();
  if (context.roundRect) context.roundRect(x, y, width, height, ROUND);
  else context.rect(x, y, width, height);
}

/**
 * The path of a rotated box.
 * @param {Pen} context
 * @param {Rect} rect of the upright one around it
 * @param {import('../client/lib/core/types.js').Corners} corners
 * @param {boolean} mirrored
 */
function traceCorners(context, { x, y, width, height }, corners, mirrored) {
  context.beginPath();
  for (const k of [0, 2, 4, 6]) {
    const across = mirrored ? 1 - corners[k] : corners[k];
    context.lineTo(x + across * width, y + corners[k + 1] * height); // the first one begins the path
  }
  context.closePath();
}

module.exports = { TAG_INK, drawBoxes, mirror };
