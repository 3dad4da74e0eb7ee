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
// Of a line's way from its first point: clear of one another, and of the middle, where a zone has its own.
const [NAMED_AT, COUNTED_AT] = [0.25, 0.65];

/**
 * @param {object[]} areas of `Areas.list`, each with its `title`, which is drawn where another area of
 *   its kind could be mistaken for it
 */
export function drawAreas(context, rect, areas) {
  const placed = areas.map(({ points, ...area }) => ({
    ...area,
    corners: points.map(([x, y]) => [rect.x + x * rect.width, rect.y + y * rect.height]),
  }));
  for (const area of placed) outline(context, area);
  // All labels come last, so that no line runs through one.
  context.textBaseline = 'middle';
  for (const area of placed) {
    const isAlone = areas.filter(({ kind }) => kind === area.kind).length === 1;
    const name = isAlone ? [] : [[NAME, area.title]];
    if (area.kind === 'line') labelLine(context, area, name);
    else labelZone(context, area, name);
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

function outline(context, { kind, corners }) {
  trace(context, corners);
  if (kind === 'zone') {
    context.closePath();
    context.fillStyle = FILL;
    context.fill();
  }
  stroke(context);
}

/** A line has a count on each side: how many have crossed to there. */
function labelLine(context, { corners, left, right }, name) {
  const [[x0, y0], [x1, y1]] = corners;
  const length = Math.hypot(x1 - x0, y1 - y0) || 1;
  const aside = [((y1 - y0) * ASIDE) / length, (-(x1 - x0) * ASIDE) / length]; // to the left
  const at = (part) => [x0 + part * (x1 - x0), y0 + part * (y1 - y0)];
  const [x, y] = at(COUNTED_AT);
  label(context, at(NAMED_AT), name);
  label(context, [x + aside[0], y + aside[1]], [[COUNT, left]]);
  label(context, [x - aside[0], y - aside[1]], [[COUNT, right]]);
}

function labelZone(context, { corners, inside }, name) {
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
