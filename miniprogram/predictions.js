/** What a result contains, for any task. */
'use strict';

const { summarize } = require('./client/lib/index.js');

const MAX_CLASSES = 5;
const MAX_VALUES = 8;

/** @typedef {import('./client/lib/index').Result} Result */
/** @typedef {{index: number, name: string, score: number, box: number[]|null}} Prediction */
/** @typedef {{index: number, name: string, score: number, box: number[], opacity: number}} Located */
/** @typedef {{name: string, type: string, values: string}} Output */

/**
 * @param {Partial<Result>} result
 * @param {string[]} labels the model's
 * @param {number} minScore 0 to 1
 * @returns {Prediction[]} best first; `box` is null for classification; empty for raw tensors
 */
function readPredictions({ boxes, classes, scores }, labels, minScore) {
  if (!classes || !scores) return [];
  const all = classes.map((index, i) => ({
    index,
    name: nameOf(index, labels),
    score: scores[i],
    box: boxes ? boxes[i] : null,
  }));
  const kept = bestFirst(all, minScore);
  return boxes ? kept : kept.slice(0, MAX_CLASSES);
}

/**
 * @param {import('./client/lib/index').Drawn[]} boxes
 * @param {string[]} labels the model's
 * @param {number} minScore 0 to 1
 * @returns {Located[]} best first
 */
function readBoxes(boxes, labels, minScore) {
  const all = boxes.map(({ class: index, score, box, opacity }) => ({
    index,
    name: nameOf(index, labels),
    score,
    box,
    opacity,
  }));
  return bestFirst(all, minScore);
}

/**
 * @param {Partial<Result>} result
 * @returns {Output[]} raw tensors; empty for other tasks
 */
function readOutputs({ outputs }) {
  if (!outputs) return [];
  return Object.keys(outputs).map((name) => ({ name, ...summarize(outputs[name], MAX_VALUES) }));
}

/**
 * @param {number} index
 * @param {string[]} labels
 */
function nameOf(index, labels) {
  return labels[index] === undefined ? String(index) : labels[index];
}

/**
 * @template {{score: number}} T
 * @param {T[]} predictions
 * @param {number} minScore 0 to 1
 */
function bestFirst(predictions, minScore) {
  return predictions.filter(({ score }) => score >= minScore).sort((a, b) => b.score - a.score);
}

/** @param {number} score 0 to 1 */
function percent(score) {
  return `${Math.round(100 * score)}%`;
}

/**
 * A class's own colour, in a notation that every phone's canvas supports.
 * @param {number} index
 */
function classColour(index) {
  const round = Math.floor(index / 10) % 2;
  const hue = (158 + 108 * index + 18 * round) % 360;
  return fromHsl(hue, 0.82, round ? 0.76 : 0.62);
}

/**
 * @param {number} hue degrees
 * @param {number} saturation 0 to 1
 * @param {number} lightness 0 to 1
 */
function fromHsl(hue, saturation, lightness) {
  const reach = saturation * Math.min(lightness, 1 - lightness);
  const channel = (/** @type {number} */ n) => {
    const k = (n + hue / 30) % 12;
    const value = lightness - reach * Math.max(-1, Math.min(k - 3, 9 - k, 1));
    return `0${Math.round(255 * value).toString(16)}`.slice(-2);
  };
  return `#${channel(0)}${channel(8)}${channel(4)}`;
}

module.exports = { readPredictions, readBoxes, readOutputs, percent, classColour };
