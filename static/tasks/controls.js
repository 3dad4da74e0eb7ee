/** Which controls the results of a model call for. */

const SCORED = ['detection', 'classification', 'keypoints'];
const COVERING = ['segmentation', 'map'];

/**
 * @param {Partial<import('../client/types.js').Model>|null} model as the welcome has it; null: not yet known
 * @returns {import('./types.js').Controls}
 */
export function controlsOf(model) {
  if (!model) return { score: true, opacity: false, classes: false };
  const { task = '', labels = [], masks = false } = model;
  return {
    score: SCORED.includes(task),
    opacity: COVERING.includes(task) || Boolean(masks),
    classes: task === 'detection' && labels.length > 1,
  };
}
