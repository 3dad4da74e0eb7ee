// Generated from static/tasks/pose-drawing.js by `make miniprogram`; do not edit.
'use strict';

/** Draws poses over their frame: limbs as lines, points on top of them. */

const { classColour } = require('./colours.js');

const LIMB = 3.5; // CSS pixels
const POINT = 4;
const EDGE = 'rgba(0, 0, 0, 0.55)';
/** @typedef {import('./types.js').Pen} Pen */

/** @type {Record<import('./types.js').Side, string>} */
const COLOURS = { middle: classColour(0), left: classColour(1), right: classColour(2) };

/**
 * @param {Pen} context in CSS pixels
 * @param {import('../client/lib/core/types.js').Rect} rect the frame's rectangle in it
 * @param {import('./types.js').Pose[]} poses of `readPoses`
 */
function drawPoses(context, rect, poses) {
  /** @type {Place} */
  const place = ({ x, y }) => [rect.x + x * rect.width, rect.y + y * rect.height];
  context.save();
  context.beginPath();
  context.rect(rect.x, rect.y, rect.width, rect.height); // points may be outside their frame
  context.clip();
  context.lineCap = 'round';
  // The best pose last, so that it is on top.
  for (const pose of [...poses].reverse()) drawPose(context, place, pose);
  context.restore();
}

/** @typedef {function({x: number, y: number}): [number, number]} Place */

/**
 * @param {Pen} context
 * @param {Place} place
 * @param {import('./types.js').Pose} pose
 */
function drawPose(context, place, { limbs, points }) {
  for (const { from, to, side, opacity } of limbs) {
    context.globalAlpha = opacity;
    context.beginPath();
    context.moveTo(...place(from));
    context.lineTo(...place(to));
    stroke(context, COLOURS[side]);
  }
  for (const { side, opacity, ...point } of points) {
    context.globalAlpha = opacity;
    context.beginPath();
    context.arc(...place(point), POINT, 0, 2 * Math.PI);
    dot(context, COLOURS[side]);
  }
}

/**
 * @param {Pen} context
 * @param {string} colour
 */
function stroke(context, colour) {
  context.strokeStyle = EDGE;
  context.lineWidth = LIMB + 2;
  context.stroke();
  context.strokeStyle = colour;
  context.lineWidth = LIMB;
  context.stroke();
}

/**
 * @param {Pen} context
 * @param {string} colour
 */
function dot(context, colour) {
  context.strokeStyle = EDGE;
  context.lineWidth = 3;
  context.stroke();
  context.fillStyle = colour;
  context.fill();
}

module.exports = { drawPoses };
