/**
 * Draws zones, lines and trails over their picture.
 *
 * `context` is a 2d context in CSS pixels, `rect` the picture's rectangle in it.
 */

import { classColour } from '../tasks/colours.js';

const COLOUR = '#ffffff';
const EDGE = 'rgb(7 18 14 / 0.78)';
const FILL = 'rgb(79 224 181 / 0.14)';
const FONT = '700 15px system-ui, sans-serif';
const LABEL = { height: 24, padding: 8 };
const ASIDE = 24; // from a line to its counts, in pixels

/** @param {object[]} areas of `Areas.list` */
export function drawAreas(context, rect, areas) {
  context.font = FONT;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  for (const { kind, points, ...counts } of areas) {
    const corners = points.map(([x, y]) => [rect.x + x * rect.width, rect.y + y * rect.height]);
    if (kind === 'line') drawLine(context, corners, counts);
    else drawZone(context, corners, counts);
  }
  context.textAlign = 'start';
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
function drawLine(context, corners, { left, right }) {
  trace(context, corners);
  stroke(context);
  const [[x0, y0], [x1, y1]] = corners;
  const length = Math.hypot(x1 - x0, y1 - y0) || 1;
  const aside = [((y1 - y0) * ASIDE) / length, (-(x1 - x0) * ASIDE) / length]; // to the left
  const middle = [(x0 + x1) / 2, (y0 + y1) / 2];
  label(context, left, middle[0] + aside[0], middle[1] + aside[1]);
  label(context, right, middle[0] - aside[0], middle[1] - aside[1]);
}

function drawZone(context, corners, { inside }) {
  trace(context, corners);
  context.closePath();
  context.fillStyle = FILL;
  context.fill();
  stroke(context);
  const mean = (axis) => corners.reduce((sum, corner) => sum + corner[axis], 0) / corners.length;
  label(context, inside, mean(0), mean(1));
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

function label(context, count, x, y) {
  const width = context.measureText(String(count)).width + 2 * LABEL.padding;
  context.fillStyle = EDGE;
  context.fillRect(x - width / 2, y - LABEL.height / 2, width, LABEL.height);
  context.fillStyle = COLOUR;
  context.fillText(String(count), x, y + 1);
}
