/** Where predictions are on the camera's preview. */
'use strict';

const { boxRect, frameRect } = require('../../client/lib/index.js');
const { readPredictions } = require('../../tasks/predictions.js');

/**
 * @typedef {object} Mark
 * @property {import('../../client/lib/index').Rect} rect in CSS pixels of the preview
 * @property {number} [id] missing if its object has none
 * @property {string} name
 * @property {number} score
 * @property {number} index
 * @property {number} opacity 0 to 1
 * @property {import('../../client/lib/index').BoxMask} [mask] the part that its object covers
 * @property {boolean} mirrored whether the preview is mirrored
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
  return predictions.map(({ box, ...rest }) => ({ ...rest, mirrored, rect: boxRect(box, frame, mirrored) }));
}

/**
 * What is to be drawn of a result that has no boxes.
 * @param {{result: import('../../client/lib/index').Result, frame: Pick<import('../../client/lib/index').SentFrame, 'upright'|'aspect'>}} latest
 * @param {import('../../client/lib/index').Model|null} model
 * @param {number} minScore 0 to 1
 * @param {import('../../client/lib/index').Size} preview
 * @param {boolean} mirrored whether the preview is mirrored
 * @returns {import('../../annotation').Answer|null}
 */
function answerOf({ result, frame }, model, minScore, preview, mirrored) {
  if (result.boxes || result.outputs || result.embedding) return null;
  const predictions = readPredictions(result, model, minScore);
  return { predictions, result, model, rect: frameRect(frame.upright, preview, frame.aspect), mirrored };
}

module.exports = { marksOf, answerOf };
