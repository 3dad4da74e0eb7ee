/** Where a frame's predictions are on the camera's preview. */
'use strict';

const { boxRect, frameRect } = require('../../client/lib/index.js');

/**
 * @typedef {object} Mark
 * @property {import('../../client/lib/index').Rect} rect in CSS pixels of the preview
 * @property {string} name
 * @property {number} score
 * @property {number} index
 */

/**
 * @param {import('../../predictions').Prediction[]} predictions
 * @param {Pick<import('../../client/lib/index').SentFrame, 'upright'>} frame
 * @param {import('../../client/lib/index').Size} preview
 * @param {boolean} mirrored whether the preview is mirrored
 * @returns {Mark[]} one for each prediction with a box
 */
function marksOf(predictions, { upright }, preview, mirrored) {
  const frame = frameRect(upright, preview);
  /** @type {Mark[]} */
  const marks = [];
  for (const { box, name, score, index } of predictions) {
    if (box) marks.push({ name, score, index, rect: boxRect(box, frame, mirrored) });
  }
  return marks;
}

module.exports = { marksOf };
