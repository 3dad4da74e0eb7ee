/** What a result contains, for any task. */
'use strict';

const { classColour } = require('./tasks/colours.js');
const { isolate, percent } = require('./tasks/names.js');
const { readBoxes, readPredictions: readAny } = require('./tasks/predictions.js');

/** @typedef {import('./client/lib/index').Result} Result */
/** @typedef {import('./client/lib/index').Model} Model */
/** @typedef {import('./tasks/types').NamedBox} Located */
/** @typedef {import('./tasks/types').Output} Output */

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
 * @param {function(number): boolean} [shows] whether boxes of a class are shown
 * @returns {string[]}
 */
function summarize(result, model, minScore, shows) {
  const read = readAny(result, model, minScore, shows);
  switch (read.kind) {
    case 'boxes':
      return read.items.map(({ name, score }) => `${isolate(name)} ${percent(score)}`);
    case 'classes':
      return read.items.filter(({ isWeak }) => !isWeak).map(({ name, score }) => `${isolate(name)} ${percent(score)}`);
    case 'poses':
      return read.items.map(({ score }) => percent(score));
    case 'masks':
      return read.items.map(({ name, share }) => `${isolate(name)} ${percent(share)}`);
    case 'map':
      return read.items.map(({ low, high }) => `${low} – ${high}`);
    case 'embedding':
      return read.items.map(({ length, values }) => `[${length}] ${values}`);
    default:
      return [];
  }
}

/**
 * A summary as one text: its parts are told apart, and a line breaks only between them.
 * @param {string[]} found of {@link summarize}
 */
function joinSummary(found) {
  return found.map((part) => part.replace(/ (?=(\S+ )?%$)/g, '\u00a0')).join(' · ');
}

module.exports = { readBoxes, readOutputs, summarize, joinSummary, percent, classColour };
