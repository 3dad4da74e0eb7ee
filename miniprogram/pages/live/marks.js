/** Where the findings of an answered frame lie on the camera's preview. */
'use strict';

const { boxRect, frameRect } = require('../../client/lib/index.js');

/**
 * @typedef {object} Mark
 * @property {import('../../client/lib/index').Rect} place in CSS pixels of the preview
 * @property {string} name
 * @property {number} score
 * @property {number} index
 */

/**
 * @param {import('../../predictions').Finding[]} seen
 * @param {Pick<import('../../client/lib/index').SentFrame, 'upright'>} frame
 * @param {import('../../client/lib/index').Size} preview
 * @param {boolean} mirrored whether the preview has left and right exchanged
 * @returns {Mark[]} none for findings without a box
 */
function marksOf(seen, { upright }, preview, mirrored) {
  const place = frameRect(upright, preview);
  /** @type {Mark[]} */
  const marks = [];
  for (const { box, name, score, index } of seen) {
    if (box) marks.push({ name, score, index, place: boxRect(box, place, mirrored) });
  }
  return marks;
}

module.exports = { marksOf };
