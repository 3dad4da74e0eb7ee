// Generated from static/tasks/controls.js by `make miniprogram`; do not edit.
'use strict';

/** Which controls the results of a model call for. */

const SCORED = ['detection', 'classification', 'keypoints'];
const COVERING = ['segmentation', 'map'];

/**
 * @param {Partial<import('../client/lib/core/types.js').Model>|null} model as the welcome has it; null: not yet known
 * @returns {import('./types.js').Controls}
 */
function controlsOf(model) {
  if (!model) return { score: true, opacity: false, classes: false };
  const { task = '', labels = [], masks = false } = model;
  return {
    score: SCORED.includes(task),
    opacity: COVERING.includes(task) || Boolean(masks),
    classes: task === 'detection' && labels.length > 1,
  };
}

module.exports = { controlsOf };
