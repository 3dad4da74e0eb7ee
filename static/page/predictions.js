/** What a result contains, for any task. */

import { summarize } from '../client/tensor.js';
import { readScale } from './heat-map.js';
import { className } from './overlay.js';
import { readPoses } from './poses.js';
import { readMasks } from './segmentation.js';

const MAX_CLASSES = 5;
const MAX_VALUES = 8;

/**
 * Read a result, filtered by score.
 *
 * @param {object} result as the wire has it
 * @param {object|null} model as the welcome has it
 * @param {number} minScore 0..1
 * @returns {{kind: string, items: object[]}} kind: boxes, classes, poses, masks, map or tensors. Items
 *   are {index, name, score, box?}, {name, type, values} for tensors, or what `readPoses`, `readMasks`
 *   and `readScale` return
 */
export function readPredictions(result, model, minScore) {
  if (result.outputs) return { kind: 'tensors', items: readOutputs(result.outputs) };
  if (result.keypoints) return { kind: 'poses', items: readPoses(result, model, minScore) };
  if (result.masks) return { kind: 'masks', items: readMasks(result.masks, model) };
  if (result.map) return { kind: 'map', items: [readScale(result.map, model)] };
  return readScored(result, model ? model.labels : [], minScore);
}

function readScored(result, labels, minScore) {
  const kind = result.boxes ? 'boxes' : 'classes';
  const items = (result.classes || []).map((index, i) => ({
    index,
    name: className(index, labels),
    score: result.scores[i],
    box: result.boxes ? result.boxes[i] : undefined,
  }));
  const kept = bestFirst(items, minScore);
  return { kind, items: kind === 'classes' ? kept.slice(0, MAX_CLASSES) : kept };
}

/**
 * Read the boxes of an overlay, filtered by score.
 *
 * @param {object[]} boxes of `Overlay.at`
 * @param {string[]} labels the model's
 * @param {number} minScore 0..1
 * @returns {object[]} {index, name, score, box, opacity}
 */
export function readBoxes(boxes, labels, minScore) {
  const items = boxes.map(({ class: index, score, box, opacity }) => ({
    index,
    name: className(index, labels),
    score,
    box,
    opacity,
  }));
  return bestFirst(items, minScore);
}

function bestFirst(items, minScore) {
  return items.filter(({ score }) => score >= minScore).sort((a, b) => b.score - a.score);
}

function readOutputs(outputs) {
  return Object.entries(outputs).map(([name, tensor]) => ({ name, ...summarize(tensor, MAX_VALUES) }));
}
