// Generated from static/client/corners.js by `make miniprogram`; do not edit.
'use strict';

/** The corners of rotated boxes. */

/** @typedef {import('./types.js').Box} Box */
/** @typedef {import('./types.js').Corners} Corners */

/**
 * Where the corners of a box are within the upright one around them, so that they move with it.
 * @param {number[][]|undefined} corners of a result; undefined: its boxes are upright
 * @param {number} i the box's number
 * @param {Box} box
 * @returns {Corners|null} null: it is upright, or has no extent
 */
function cornersOf(corners, i, [x0, y0, x1, y1]) {
  if (!corners || !corners[i] || x1 <= x0 || y1 <= y0) return null;
  return corners[i].map((value, k) => (k % 2 === 0 ? (value - x0) / (x1 - x0) : (value - y0) / (y1 - y0)));
}

module.exports = { cornersOf };
