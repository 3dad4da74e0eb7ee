// Generated from static/client/masks.js by `make miniprogram`; do not edit.
'use strict';

/** Expands the masks of a segmentation. */

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

module.exports = { classOfEachPixel };
