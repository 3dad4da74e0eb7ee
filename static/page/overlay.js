/**
 * Draws boxes over their frame: thin lines, and small labels that do not cover one another. The
 * score is on the label of the box under the pointer.
 *
 * `context` is a 2d context in CSS pixels, `rect` the frame's rectangle in it.
 */

import { boxToRect } from '../client/geometry.js';
import { fillMask } from '../tasks/box-masks.js';
import { classColour } from '../tasks/colours.js';
import { percent } from '../tasks/names.js';
import { shorten } from '../tasks/shorten.js';
import { boxAt, placeLabels } from './label-placement.js';

const LINE = 2;
const SHADE = 'rgb(0 0 0 / 0.22)'; // around the line, so that it is visible on its own colour
const ROUND = 3;
const LABEL = { height: 18, padding: 5, least: 22 };
const MOST_LABELS = 60; // more could not be read, and placing them takes time
const DIMMED = 0.55; // the opacity of the other boxes while the pointer is on one
export const TAG_INK = '#07120e';
const FONT = '600 12px system-ui, sans-serif';

/**
 * @param {import('../tasks/types.js').NamedBox[]} predictions best first
 * @param {object} [options]
 * @param {{x: number, y: number}|null} [options.pointer] in CSS pixels
 * @param {number} [options.maskOpacity] how much masks cover, 0 to 1
 */
export function drawBoxes(context, rect, predictions, { pointer = null, maskOpacity = 1 } = {}) {
  const boxes = predictions.map(({ box }) => boxToRect(box, rect));
  const pointed = pointer ? boxAt(boxes, pointer) : -1;
  const opacity = (i) => predictions[i].opacity * (pointed < 0 || pointed === i ? 1 : DIMMED);
  boxes.forEach((box, i) => {
    if (!predictions[i].mask) return;
    context.globalAlpha = maskOpacity * opacity(i);
    context.fillStyle = classColour(predictions[i].index);
    fillMask(context, box, predictions[i].mask);
  });
  boxes.forEach((box, i) => {
    context.globalAlpha = opacity(i);
    outline(context, box, classColour(predictions[i].index));
  });
  context.font = FONT;
  context.textBaseline = 'middle';
  for (const { i, place, text } of labels(context, rect, predictions, boxes, pointed)) {
    context.globalAlpha = opacity(i);
    label(context, place, text, classColour(predictions[i].index));
  }
  context.globalAlpha = 1;
}

/** The labels that have room: whole, or shortened to the width of their box. */
function labels(context, rect, predictions, boxes, pointed) {
  const shown = predictions.map((_, i) => i).filter((i) => i < MOST_LABELS || i === pointed);
  const wanted = shown.map((i) => {
    const { name, score } = predictions[i];
    const text = i === pointed ? `${name}  ${percent(score)}` : name;
    const width = widthOf(context, text);
    const short = Math.max(LABEL.least, boxes[i].width);
    return { i, text, box: boxes[i], widths: short < width ? [width, short] : [width], isFirst: i === pointed };
  });
  const places = placeLabels(wanted, LABEL.height, rect);
  return wanted.map(({ i, text }, k) => ({ i, text, place: places[k] })).filter(({ place }) => place);
}

function widthOf(context, text) {
  return Math.ceil(context.measureText(text).width) + 2 * LABEL.padding;
}

function outline(context, { x, y, width, height }, colour) {
  trace(context, x, y, width, height);
  context.strokeStyle = SHADE;
  context.lineWidth = LINE + 1.5;
  context.stroke();
  context.strokeStyle = colour;
  context.lineWidth = LINE;
  context.stroke();
}

function label(context, { x, y, width }, text, colour) {
  trace(context, x, y, width, LABEL.height);
  context.fillStyle = colour;
  context.fill();
  context.fillStyle = TAG_INK;
  const fitting = shorten(text, (shorter) => widthOf(context, shorter) <= width);
  context.fillText(fitting, x + LABEL.padding, y + LABEL.height / 2 + 0.5);
}

/** The path of a rounded box, or of a plain one in browsers without `roundRect`. */
function trace(context, x, y, width, height) {
  context.beginPath();
  if (context.roundRect) context.roundRect(x, y, width, height, ROUND);
  else context.rect(x, y, width, height);
}
