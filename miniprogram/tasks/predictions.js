// Generated from static/tasks/predictions.js by `make miniprogram`; do not edit.
'use strict';

/** What a result contains, for any task. */

const { cornersOf } = require('../client/lib/core/corners.js');
const { maskOf } = require('../client/lib/core/masks.js');
const { summarize } = require('../client/lib/core/tensor.js');
const { readEmbedding } = require('./embedding.js');
const { readScale } = require('./heat-map.js');
const { className } = require('./names.js');
const { readPoses } = require('./poses.js');
const { secondName } = require('./second.js');
const { readMasks } = require('./segmentation.js');

/** @typedef {Partial<import('../client/lib/core/types.js').Model>} Model */
/** @typedef {Partial<import('../client/lib/core/types.js').Result>} Result */

const MAX_CLASSES = 5;
const ALL = 2 ** 31; // the most that the protocol can ask for
const MAX_VALUES = 8;

/**
 * The results to ask the server for, given the minimum score that the user has set.
 *
 * Of classes that exclude one another the best few are shown, whatever their scores.
 *
 * @param {Model|null} model as the welcome has it
 * @param {number} minScore 0..1
 */
function resultOptions(model, minScore) {
  const ranksClasses = model && model.task === 'classification' && !model.multi_label;
  return ranksClasses ? { min_score: 0, max_results: MAX_CLASSES } : { min_score: minScore, max_results: ALL };
}

/**
 * Read a result, filtered by score, and boxes by class.
 *
 * @param {Result} result as the wire has it
 * @param {Model|null} model as the welcome has it
 * @param {number} minScore 0..1
 * @param {function(number): boolean} [shows] whether boxes of a class are shown
 * @returns {import('./types.js').Predictions}
 */
function readPredictions(result, model, minScore, shows = undefined) {
  if (result.outputs) return { kind: 'tensors', items: readOutputs(result.outputs) };
  if (result.keypoints) return { kind: 'poses', items: readPoses(result, model, minScore) };
  if (result.masks) return { kind: 'masks', items: readMasks(result.masks, model) };
  if (result.map) return { kind: 'map', items: [readScale(result.map, model)] };
  if (result.embedding) return { kind: 'embedding', items: [readEmbedding(result.embedding)] };
  if (!result.boxes) return { kind: 'classes', items: readClasses(result, model, minScore) };
  return { kind: 'boxes', items: readBoxes(boxesOf(result), labelsOf(model), minScore, shows) };
}

/**
 * @param {Result} result
 * @returns {import('./types.js').AnyBox[]}
 */
function boxesOf({ boxes = [], classes = [], scores = [], corners, box_masks: masks, then }) {
  const answers = then ? then.answers : [];
  return boxes.map((box, i) => ({
    box,
    class: classes[i],
    score: scores[i],
    second: answers[i],
    mask: maskOf(masks, i),
    corners: cornersOf(corners, i, box),
  }));
}

/**
 * All classes that score enough if there can be several, otherwise the best few.
 * @param {Result} result
 * @param {Model|null} model
 * @param {number} minScore
 * @returns {import('./types.js').RankedClass[]}
 */
function readClasses({ classes = [], scores = [] }, model, minScore) {
  const items = classes.map((index, i) => ({
    index,
    name: className(index, labelsOf(model)),
    score: scores[i],
    isWeak: scores[i] < minScore,
  }));
  if (model && model.multi_label) return bestFirst(items, minScore);
  return bestFirst(items, 0).slice(0, MAX_CLASSES);
}

/**
 * Read the boxes of an overlay, filtered by score and class.
 *
 * @param {import('./types.js').AnyBox[]} boxes of `Overlay.at`
 * @param {string[]} labels the model's
 * @param {number} minScore 0..1
 * @param {function(number): boolean} [shows] whether boxes of a class are shown
 * @returns {import('./types.js').NamedBox[]} best first
 */
function readBoxes(boxes, labels, minScore, shows = () => true) {
  const shown = boxes.filter((box) => shows(box.class));
  const items = shown.map(({ id, class: index, score, box, opacity = 1, second, mask, corners }) => ({
    ...(typeof id === 'number' && { id }),
    index,
    name: [className(index, labels), secondName(second)].filter(Boolean).join(' · '),
    score,
    box,
    opacity,
    ...(mask && { mask }),
    ...(corners && { corners }),
  }));
  return bestFirst(items, minScore);
}

/**
 * @template {{score: number}} T
 * @param {T[]} items
 * @param {number} minScore
 */
function bestFirst(items, minScore) {
  return items.filter(({ score }) => score >= minScore).sort((a, b) => b.score - a.score);
}

/** @param {Model|null} model */
function labelsOf(model) {
  return (model && model.labels) || [];
}

/** @param {Record<string, import('../client/lib/core/types.js').Tensor>} outputs */
function readOutputs(outputs) {
  return Object.entries(outputs).map(([name, tensor]) => ({ name, ...summarize(tensor, MAX_VALUES) }));
}

module.exports = { resultOptions, readPredictions, readBoxes };
