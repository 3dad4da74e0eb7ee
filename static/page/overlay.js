/**
 * Draws what a model said about a frame over that frame: boxes, classes or the shapes of tensors.
 *
 * `pen` is a 2d context whose unit is a CSS pixel, `place` the frame's rectangle in it.
 */

import { boxToRect, tagPosition } from '../client/geometry.js';

const LINE = 2.5;
const ROUND = 4;
const TAG_HEIGHT = 22;
const TAG_PADDING = 7;
export const TAG_INK = '#07120e';
const FONT = '600 13px system-ui, sans-serif';

/** A class's own colour: ten hues, far from their neighbours', then ten between them, paler. */
export function classColour(index) {
  const round = Math.floor(index / 10) % 2;
  return `hsl(${(158 + 108 * index + 18 * round) % 360} 82% ${round ? 78 : 66}%)`;
}

/** The name of a class; its number where the model has no labels. */
export function className(index, labels) {
  return labels && labels[index] !== undefined ? labels[index] : String(index);
}

/** @param {{box, name, score, index}[]} findings in the order of their score */
export function drawBoxes(pen, place, findings) {
  pen.font = FONT;
  pen.textBaseline = 'middle';
  for (const { box, index } of findings) outline(pen, boxToRect(box, place), classColour(index));
  // The best tags last, so that they lie on top where boxes crowd.
  for (const finding of [...findings].reverse()) tag(pen, place, finding);
}

function outline(pen, { x, y, width, height }, colour) {
  trace(pen, x, y, width, height);
  pen.strokeStyle = 'rgb(0 0 0 / 0.55)';
  pen.lineWidth = LINE + 2;
  pen.stroke();
  pen.strokeStyle = colour;
  pen.lineWidth = LINE;
  pen.stroke();
}

function tag(pen, place, { box, name, score, index }) {
  const text = `${name}  ${percent(score)}`;
  const size = { width: pen.measureText(text).width + 2 * TAG_PADDING, height: TAG_HEIGHT };
  const target = boxToRect(box, place);
  const { x, y } = tagPosition(target, size, place);
  trace(pen, x - LINE / 2, y, size.width, size.height);
  pen.fillStyle = classColour(index);
  pen.fill();
  pen.fillStyle = TAG_INK;
  pen.fillText(text, x - LINE / 2 + TAG_PADDING, y + size.height / 2 + 0.5);
}

/** @param {string[]} lines drawn in the upper left corner */
export function drawLines(pen, place, lines) {
  pen.font = FONT;
  pen.textBaseline = 'middle';
  lines.forEach((text, row) => {
    const y = place.y + 10 + row * (TAG_HEIGHT + 4);
    trace(pen, place.x + 10, y, pen.measureText(text).width + 2 * TAG_PADDING, TAG_HEIGHT);
    pen.fillStyle = 'rgb(7 18 14 / 0.78)';
    pen.fill();
    pen.fillStyle = '#eafff7';
    pen.fillText(text, place.x + 10 + TAG_PADDING, y + TAG_HEIGHT / 2 + 0.5);
  });
}

/** The path of a box with slightly round corners, square in browsers that cannot draw them. */
function trace(pen, x, y, width, height) {
  pen.beginPath();
  if (pen.roundRect) pen.roundRect(x, y, width, height, ROUND);
  else pen.rect(x, y, width, height);
}

export function percent(score) {
  return `${Math.round(100 * score)} %`;
}
