// Generated from static/tasks/names.js by `make miniprogram`; do not edit.
'use strict';

/** The words for a class and its score. */

/**
 * A class's label, or its number if the model has no labels.
 * @param {number} index
 * @param {string[]} [labels] the model's
 */
function className(index, labels) {
  return labels && labels[index] !== undefined ? labels[index] : String(index);
}

/** @param {number} score 0 to 1 */
function percent(score) {
  return `${Math.round(100 * score)} %`;
}

module.exports = { className, percent };
