// Generated from static/tasks/names.js by `make miniprogram`; do not edit.
'use strict';

/** The words for a class and its score. */

/** Letters that are read from right to left, and characters that turn the direction round. */
const RIGHT_TO_LEFT = /[\u0590-\u08ff\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefc]/;

/**
 * A class's label, or its number if the model has no labels.
 * @param {number} index
 * @param {string[]} [labels] the model's
 */
function className(index, labels) {
  return labels && labels[index] !== undefined ? labels[index] : String(index);
}

/**
 * A name for the middle of a text: one that is read from right to left must not turn what stands beside it round.
 * @param {string} name
 */
function isolate(name) {
  return RIGHT_TO_LEFT.test(name) ? `\u2068${name}\u2069` : name;
}

/** @param {number} score 0 to 1 */
function percent(score) {
  return `${Math.round(100 * score)} %`;
}

module.exports = { className, isolate, percent };
