/** Where predictions are on the camera's preview. */
'use strict';

const { boxRect, frameRect } = require('../../client/lib/index.js');

/**
 * @typedef {object} Mark
 * @property {import('../../client/lib/index').Rect} rect in CSS pixels of the preview
 * @property {string} name
 * @property {number} score
 * @property {number} index
 * @property {number} opacity 0 to 1
 */

/**
 * @param {import('../../predictions').Located[]} predictions
 * @param {Pick<import('../../client/lib/index').SentFrame, 'upright'|'aspect'>} frame whose boxes they are
 * @param {import('../../client/lib/index').Size} preview
 * @param {boolean} mirrored whether the preview is mirrored
 * @returns {Mark[]} one for each prediction
 */
function marksOf(predictions, { upright, aspect }, preview, mirrored) {
  const frame = frameRect(upright, preview, aspect);
  return predictions.map(({ box, ...rest }) => ({ ...rest, rect: boxRect(box, frame, mirrored) }));
}

module.exports = { marksOf };
