// Generated from static/client/masks.js by `make miniprogram`; do not edit.
'use strict';

/** The masks of a segmentation, and those of boxes. */

/**
 * The class of each pixel, row by row.
 * @param {import('./types.js').Masks} masks
 * @returns {Int32Array} `width` x `height` values; pixels without a run have class 0
 */
function classOfEachPixel({ width, height, runs }) {
  const classes = new Int32Array(width * height);
  let at = 0;
  for (let i = 0; i + 1 < runs.length; i += 2) {
    classes.fill(runs[i], at, at + runs[i + 1]);
    at += runs[i + 1];
  }
  return classes;
}

/**
 * The mask of a box.
 * @param {import('./types.js').BoxMasks|undefined} masks of a result; undefined: it has none
 * @param {number} i the box's number
 * @returns {import('./types.js').BoxMask|null} null: it has no mask
 */
function maskOf(masks, i) {
  if (!masks || !masks.runs[i] || masks.runs[i].length === 0) return null;
  return { width: masks.width, height: masks.height, runs: masks.runs[i] };
}

module.exports = { classOfEachPixel, maskOf };
