/** Draws a result over its picture: the camera's preview or a photo. */
'use strict';

const { boxRect, frameRect } = require('./client/lib/index.js');
const { readBoxes, readPredictions } = require('./tasks/predictions.js');

/** @typedef {import('./tasks/types').PlacedBox} Mark */
/** @typedef {import('./client/lib/index').Size} Size */
/** @typedef {Pick<import('./client/lib/index').SentFrame, 'upright'|'aspect'>} Framing */

/**
 * @typedef {object} Shown
 * @property {{result: import('./client/lib/index').Result, frame: Framing}} latest
 * @property {import('./client/lib/index').Overlay} boxes of the result, where they are at a moment
 * @property {import('./client/lib/index').Model|null} model
 * @property {Pick<import('./view-options').ViewOptions, 'minScore'|'opacity'|'shows'>} view
 */

/**
 * @param {import('./overlay').Overlay} overlay
 * @param {Shown} shown
 * @param {Size} preview in CSS pixels
 * @param {boolean} mirrored whether the preview is mirrored
 */
function drawResult(overlay, { latest, boxes, model, view }, preview, mirrored) {
  const { minScore, opacity, shows } = view;
  const labels = model ? model.labels : [];
  const located = (/** @type {number} */ at) => readBoxes(boxes.at(at), labels, minScore, shows);
  overlay.setOpacity(opacity);
  const answer = answerOf(latest, model, minScore, preview, mirrored);
  overlay.draw((at) => marksOf(located(at), latest.frame, preview, mirrored), answer);
}

/**
 * @param {import('./predictions').Located[]} predictions
 * @param {Framing} frame whose boxes they are
 * @param {Size} preview
 * @param {boolean} mirrored whether the preview is mirrored
 * @returns {Mark[]} one for each prediction
 */
function marksOf(predictions, { upright, aspect }, preview, mirrored) {
  const frame = frameRect(upright, preview, aspect);
  return predictions.map(({ box, ...rest }) => ({ ...rest, mirrored, rect: boxRect(box, frame, mirrored) }));
}

/**
 * What is to be drawn of a result that has no boxes.
 * @param {Shown['latest']} latest
 * @param {import('./client/lib/index').Model|null} model
 * @param {number} minScore 0 to 1
 * @param {Size} preview
 * @param {boolean} mirrored whether the preview is mirrored
 * @returns {import('./annotation').Answer|null}
 */
function answerOf({ result, frame }, model, minScore, preview, mirrored) {
  if (result.boxes || result.outputs || result.embedding) return null;
  const predictions = readPredictions(result, model, minScore);
  const rect = frameRect(frame.upright, preview, frame.aspect);
  return { predictions, result, model, rect, mirrored };
}

module.exports = { drawResult, marksOf, answerOf };
