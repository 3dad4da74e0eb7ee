/**
 * Draws boxes over their frame.
 *
 * `context` is a 2d context in CSS pixels, `rect` the frame's rectangle in it.
 */

import { boxToRect, tagPosition } from '../client/geometry.js';
import { classColour } from './colours.js';

const LINE = 2.5;
const ROUND = 4;
const TAG_HEIGHT = 22;
const TAG_PADDING = 7;
export const TAG_INK = '#07120e';
const FONT = '600 13px system-ui, sans-serif';

/** A class's label, or its number if the model has no labels. */
export function className(index, labels) {
  return labels && labels[index] !== undefined ? labels[index] : String(index);
}

/** @param {{box, name, score, index, opacity}[]} predictions best first */
export function drawBoxes(context, rect, predictions) {
  context.font = FONT;
  context.textBaseline = 'middle';
  for (const { box, index, opacity } of predictions) {
    context.globalAlpha = opacity;
    outline(context, boxToRect(box, rect), classColour(index));
  }
  // Best tags last, so that they are on top where boxes overlap.
  for (const prediction of [...predictions].reverse()) tag(context, rect, prediction);
  context.globalAlpha = 1;
}

function outline(context, { x, y, width, height }, colour) {
  trace(context, x, y, width, height);
  context.strokeStyle = 'rgb(0 0 0 / 0.55)';
  context.lineWidth = LINE + 2;
  context.stroke();
  context.strokeStyle = colour;
  context.lineWidth = LINE;
  context.stroke();
}

function tag(context, rect, { box, name, score, index, opacity }) {
  context.globalAlpha = opacity;
  const text = `${name}  ${percent(score)}`;
  const size = { width: context.measureText(text).width + 2 * TAG_PADDING, height: TAG_HEIGHT };
  const target = boxToRect(box, rect);
  const { x, y } = tagPosition(target, size, rect);
  trace(context, x - LINE / 2, y, size.width, size.height);
  context.fillStyle = classColour(index);
  context.fill();
  context.fillStyle = TAG_INK;
  context.fillText(text, x - LINE / 2 + TAG_PADDING, y + size.height / 2 + 0.5);
}

/** The path of a rounded box, or of a plain one in browsers without `roundRect`. */
function trace(context, x, y, width, height) {
  context.beginPath();
  if (context.roundRect) context.roundRect(x, y, width, height, ROUND);
  else context.rect(x, y, width, height);
}

export function percent(score) {
  return `${Math.round(100 * score)} %`;
}
