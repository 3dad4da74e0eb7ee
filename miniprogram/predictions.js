/** What a result contains, for any task. */
'use strict';

const { classColour } = require('./tasks/colours.js');
const { readBoxes, readPredictions: readAny } = require('./tasks/predictions.js');

/** @typedef {import('./client/lib/index').Result} Result */
/** @typedef {import('./client/lib/index').Model} Model */
/** @typedef {{index: number, name: string, score: number, box: number[]|null}} Prediction */
/** @typedef {import('./tasks/types').NamedBox} Located */
/** @typedef {import('./tasks/types').Output} Output */

/**
 * @param {Partial<Result>} result
 * @param {string[]} labels the model's
 * @param {number} minScore 0 to 1
 * @returns {Prediction[]} best first; `box` is null for classification; empty for other tasks
 */
function readPredictions(result, labels, minScore) {
  const read = readAny(result, { labels }, minScore);
  if (read.kind === 'boxes') return read.items.map(({ index, name, score, box }) => ({ index, name, score, box }));
  if (read.kind !== 'classes') return [];
  const clear = read.items.filter(({ isWeak }) => !isWeak);
  return clear.map(({ index, name, score }) => ({ index, name, score, box: null }));
}

/**
 * @param {Partial<Result>} result
 * @returns {Output[]} raw tensors; empty for other tasks
 */
function readOutputs(result) {
  const read = result.outputs ? readAny(result, null, 0) : null;
  return read && read.kind === 'tensors' ? read.items : [];
}

/**
 * A result in a few words; raw outputs have a list of their own.
 * @param {Partial<Result>} result
 * @param {Model|null} model
 * @param {number} minScore 0 to 1
 * @returns {string[]}
 */
function summarize(result, model, minScore) {
  const read = readAny(result, model, minScore);
  switch (read.kind) {
    case 'boxes':
      return read.items.map(({ name, score }) => `${name} ${percent(score)}`);
    case 'classes':
      return read.items.filter(({ isWeak }) => !isWeak).map(({ name, score }) => `${name} ${percent(score)}`);
    case 'poses':
      return read.items.map(({ score }) => percent(score));
    case 'masks':
      return read.items.map(({ name, share }) => `${name} ${percent(share)}`);
    case 'map':
      return read.items.map(({ low, high }) => `${low} – ${high}`);
    case 'embedding':
      return read.items.map(({ length, values }) => `[${length}] ${values}`);
    default:
      return [];
  }
}

/** @param {number} score 0 to 1 */
function percent(score) {
  return `${Math.round(100 * score)}%`;
}

module.exports = { readPredictions, readBoxes, readOutputs, summarize, percent, classColour };
