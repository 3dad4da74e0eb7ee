// Generated from static/tasks/poses.js by `make miniprogram`; do not edit.
'use strict';

/** Poses: the points of each, the limbs that join them, and how clearly each is drawn. */

/** @typedef {import('./types.js').Pose} Pose */
/** @typedef {import('./types.js').Limb} Limb */

const LEAST_SCORE = 0.2; // a point below is left out: its place is a guess
const CLEAR_SCORE = 0.6; // a point from here on is drawn in full
const FAINTEST = 0.25;

/**
 * Read the poses of a result.
 *
 * @param {{keypoints?: number[][], scores?: number[]}} result as the wire has it
 * @param {Partial<import('../client/lib/core/types.js').Model>|null} model as the welcome has it
 * @param {number} minScore 0..1, for the pose as a whole
 * @returns {Pose[]} best first, with the points and limbs that are to be drawn
 */
function readPoses({ keypoints = [], scores = [] }, model, minScore) {
  const { labels = [], skeleton = [] } = model || {};
  return keypoints
    .map((flat, i) => readPose(flat, scores[i], labels, skeleton))
    .filter(({ score }) => score >= minScore)
    .sort((a, b) => b.score - a.score);
}

/**
 * Which side of the body a point is on, by its name: colours by side stay as people change places.
 * @returns {import('./types.js').Side}
 */
function sideOf(name = '') {
  if (/^(left|l_)|^左/i.test(name)) return 'left';
  return /^(right|r_)|^右/i.test(name) ? 'right' : 'middle';
}

/**
 * @param {number} score
 * @returns {number} 0: left out, to 1
 */
function opacityOf(score) {
  if (!(score >= LEAST_SCORE)) return 0;
  const clarity = (score - LEAST_SCORE) / (CLEAR_SCORE - LEAST_SCORE);
  return Math.min(1, FAINTEST + (1 - FAINTEST) * clarity);
}

/**
 * @param {number[]} flat
 * @param {number} score
 * @param {string[]} labels
 * @param {[number, number][]} skeleton
 * @returns {Pose}
 */
function readPose(flat, score, labels, skeleton) {
  const points = Array.from({ length: Math.floor(flat.length / 3) }, (_, i) => {
    const [x, y, pointScore] = flat.slice(3 * i, 3 * i + 3);
    return { x, y, side: sideOf(labels[i]), opacity: opacityOf(pointScore) };
  });
  const limbs = skeleton.map(([from, to]) => limb(points[from], points[to]));
  return { score, points: points.filter(isDrawn), limbs: limbs.filter(isLimb).filter(isDrawn) };
}

/**
 * A limb is as faint as the weaker of its ends; null if the model's skeleton names other points.
 * @param {import('./types.js').PosePoint|undefined} from
 * @param {import('./types.js').PosePoint|undefined} to
 * @returns {Limb|null}
 */
function limb(from, to) {
  if (!from || !to) return null;
  const sides = [from.side, to.side].filter((side) => side !== 'middle');
  const side = new Set(sides).size === 1 ? sides[0] : 'middle';
  return { from, to, side, opacity: Math.min(from.opacity, to.opacity) };
}

/**
 * @param {Limb|null} part
 * @returns {part is Limb}
 */
function isLimb(part) {
  return part !== null;
}

/** @param {{opacity: number}} part */
function isDrawn({ opacity }) {
  return opacity > 0;
}

module.exports = { readPoses, sideOf, opacityOf };
