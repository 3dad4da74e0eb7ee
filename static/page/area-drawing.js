/**
 * Draws zones, lines and trails over their picture.
 *
 * `context` is a 2d context in CSS pixels, `rect` the picture's rectangle in it.
 */

import { classColour } from '../tasks/colours.js';

const COLOUR = '#ffffff';
const EDGE = 'rgb(7 18 14 / 0.78)';
const FILL = 'rgb(79 224 181 / 0.14)';
const NAME = { font: '500 12px system-ui, sans-serif', colour: '#cfe0d9' };
const COUNT = { font: '700 15px system-ui, sans-serif', colour: COLOUR };
const LABEL = { height: 24, padding: 8, gap: 6, round: 6 };
const ASIDE = 26; // from a line to its counts, in pixels
const NAMED_AT = 0.25; // of a line's way from its first point: clear of the counts in its middle

/**
 * @param {object[]} areas of `Areas.list`, each with its `title`, which is drawn where another area of
 *   its kind could be mistaken for it
 */
export function drawAreas(context, rect, areas) {
  context.textBaseline = 'middle';
  for (const { kind, points, title, ...counts } of areas) {
    const isAlone = areas.filter((area) => area.kind === kind).length === 1;
    const words = { ...counts, name: isAlone ? [] : [[NAME, title]] };
    const corners = points.map(([x, y]) => [rect.x + x * rect.width, rect.y + y * rect.height]);
    if (kind === 'line') drawLine(context, corners, words);
    else drawZone(context, corners, words);
  }
}

/** @param {object[]} trails of `Trails.list` */
export function drawTrails(context, rect, trails) {
  context.lineWidth = 3;
  context.lineJoin = 'round';
  context.globalAlpha = 0.6;
  for (const { kind, points } of trails) {
    trace(context, points.map(({ x, y }) => [rect.x + x * rect.width, rect.y + y * rect.height]));
    context.strokeStyle = classColour(kind);
    context.stroke();
  }
  context.globalAlpha = 1;
}

/** A line has a count on each side: how many have crossed to there. */
function drawLine(context, corners, { name, left, right }) {
  trace(context, corners);
  stroke(context);
  const [[x0, y0], [x1, y1]] = corners;
  const length = Math.hypot(x1 - x0, y1 - y0) || 1;
  const aside = [((y1 - y0) * ASIDE) / length, (-(x1 - x0) * ASIDE) / length]; // to the left
  const middle = [(x0 + x1) / 2, (y0 + y1) / 2];
  label(context, [x0 + NAMED_AT * (x1 - x0), y0 + NAMED_AT * (y1 - y0)], name);
  label(context, [middle[0] + aside[0], middle[1] + aside[1]], [[COUNT, left]]);
  label(context, [middle[0] - aside[0], middle[1] - aside[1]], [[COUNT, right]]);
}

function drawZone(context, corners, { name, inside }) {
  trace(context, corners);
  context.closePath();
  context.fillStyle = FILL;
  context.fill();
  stroke(context);
  const mean = (axis) => corners.reduce((sum, corner) => sum + corner[axis], 0) / corners.length;
  label(context, [mean(0), mean(1)], [...name, [COUNT, inside]]);
}

function trace(context, corners) {
  context.beginPath();
  for (const [x, y] of corners) context.lineTo(x, y);
}

function stroke(context) {
  for (const [colour, width] of [[EDGE, 6], [COLOUR, 2.5]]) {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.stroke();
  }
}

/** Words side by side, each in a style of its own, with their middle at a point. */
function label(context, [x, y], words) {
  if (words.length === 0) return;
  const widths = words.map(([{ font }, text]) => {
    context.font = font;
    return context.measureText(String(text)).width;
  });
  const width = widths.reduce((sum, one) => sum + one, LABEL.gap * (words.length - 1) + 2 * LABEL.padding);
  context.fillStyle = EDGE;
  context.beginPath();
  context.roundRect(x - width / 2, y - LABEL.height / 2, width, LABEL.height, LABEL.round);
  context.fill();
  let start = x - width / 2 + LABEL.padding;
  words.forEach(([{ font, colour }, text], i) => {
    context.font = font;
    context.fillStyle = colour;
    context.fillText(String(text), start, y + 1);
    start += widths[i] + LABEL.gap;
  });
}
