/** A result in terms that the page shows, whatever the model's task. */

import { className } from './overlay.js';

const MOST_CLASSES = 5;

/**
 * What a result says, at and above a score.
 *
 * @param {object} result as the wire gives it
 * @param {string[]} labels the model's
 * @param {number} minScore 0..1
 * @returns {{kind: 'boxes'|'classes'|'tensors', findings: object[]}} findings are
 *   {index, name, score, box?}, or {name, dtype, shape} for tensors
 */
export function readPredictions(result, labels, minScore) {
  if (result.outputs) return { kind: 'tensors', findings: tensors(result.outputs) };
  const kind = result.boxes ? 'boxes' : 'classes';
  const findings = result.classes
    .map((index, i) => ({
      index,
      name: className(index, labels),
      score: result.scores[i],
      box: result.boxes ? result.boxes[i] : undefined,
    }))
    .filter(({ score }) => score >= minScore)
    .sort((a, b) => b.score - a.score);
  return { kind, findings: kind === 'classes' ? findings.slice(0, MOST_CLASSES) : findings };
}

function tensors(outputs) {
  return Object.entries(outputs).map(([name, { dtype, shape }]) => ({ name, dtype, shape }));
}
