// Generated from static/tasks/embedding.js by `make miniprogram`; do not edit.
'use strict';

/** An embedding in a form that people can read. */

const { summarize } = require('../client/lib/core/tensor.js');

const MAX_VALUES = 8;

/**
 * @param {number[]} embedding
 * @returns {import('./types.js').Vector} norm: the Euclidean one, four digits; values: the first ones
 */
function readEmbedding(embedding) {
  const { length } = embedding;
  const { values } = summarize({ dtype: 'float32', shape: [length], data: embedding }, MAX_VALUES);
  const norm = Math.sqrt(embedding.reduce((sum, value) => sum + value * value, 0));
  return { length, norm: norm.toPrecision(4), values };
}

module.exports = { readEmbedding };
