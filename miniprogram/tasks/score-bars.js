// Generated from static/tasks/score-bars.js by `make miniprogram`; do not edit.
'use strict';

/** The scores of classes as bars, in the upper left corner of the frame. */

const { classColour } = require('./colours.js');
const { percent } = require('./names.js');
const { shorten } = require('./shorten.js');

const MARGIN = 10; // CSS pixels
const PADDING = 8;
const [HEIGHT, GAP] = [24, 4];
const MAX_WIDTH = 300;
const FONT = '600 13px system-ui, sans-serif';
const [GROUND, INK] = ['rgba(7, 18, 14, 0.8)', '#eafff7'];
const [FILL, WEAK] = [0.5, 0.6]; // opacities: of a bar, and of a class below the minimum score

/** @typedef {import('./types.js').Pen} Pen */

/**
 * @param {number} height
 * @returns {number} how many bars fit over a frame of this height, at least one
 */
function rowsThatFit(height) {
  return Math.max(1, Math.floor((height - 2 * MARGIN + GAP) / (HEIGHT + GAP)));
}

/**
 * @param {Pen} context in CSS pixels
 * @param {import('../client/lib/core/types.js').Rect} rect the frame's rectangle in it
 * @param {import('./types.js').RankedClass[]} classes best first
 */
function drawScoreBars(context, rect, classes) {
  const width = Math.min(MAX_WIDTH, rect.width - 2 * MARGIN);
  context.save();
  context.font = FONT;
  context.textBaseline = 'middle';
  classes.slice(0, rowsThatFit(rect.height)).forEach((item, row) => {
    const y = rect.y + MARGIN + row * (HEIGHT + GAP);
    drawBar(context, { x: rect.x + MARGIN, y, width }, item);
  });
  context.restore();
}

/**
 * @param {Pen} context
 * @param {{x: number, y: number, width: number}} place
 * @param {import('./types.js').RankedClass} item
 */
function drawBar(context, { x, y, width }, { index, name, score, isWeak }) {
  const opacity = isWeak ? WEAK : 1;
  block(context, x, y, width, GROUND, 1);
  block(context, x, y, width * Math.min(1, Math.max(0, score)), classColour(index), opacity * FILL);
  context.globalAlpha = opacity;
  context.fillStyle = INK;
  const value = percent(score);
  const valueWidth = context.measureText(value).width;
  const room = width - valueWidth - 3 * PADDING;
  const middle = y + HEIGHT / 2 + 0.5;
  context.fillText(shorten(name, (text) => context.measureText(text).width <= room), x + PADDING, middle);
  context.fillText(value, x + width - PADDING - valueWidth, middle);
}

/**
 * @param {Pen} context
 * @param {number} x
 * @param {number} y
 * @param {number} width
 * @param {string} colour
 * @param {number} opacity
 */
function block(context, x, y, width, colour, opacity) {
  context.globalAlpha = opacity;
  context.fillStyle = colour;
  context.fillRect(x, y, width, HEIGHT);
}

module.exports = { rowsThatFit, drawScoreBars };
