// What the page reads in the results of further tasks, before it draws them.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { opacityOf, readPoses, sideOf } from '../../static/page/poses.js';
import { readPredictions } from '../../static/page/predictions.js';

const BODY = {
  labels: ['nose', 'left_eye', 'right_eye'],
  skeleton: [[0, 1], [0, 2], [1, 2], [2, 9]],
};

test('poses are filtered by their own score, best first, and joined by the model’s skeleton', () => {
  const sure = [0.5, 0.1, 0.9, 0.6, 0.2, 0.9, 0.4, 0.2, 0.9];
  const result = { keypoints: [sure, sure, sure], scores: [0.6, 0.2, 0.8] };
  const { kind, items } = readPredictions(result, BODY, 0.5);
  assert.equal(kind, 'poses');
  assert.deepEqual(items.map(({ score }) => score), [0.8, 0.6]);
  const [{ points, limbs }] = items;
  assert.deepEqual(points[1], { x: 0.6, y: 0.2, side: 'left', opacity: 1 });
  // The skeleton's last limb ends at a point that the model does not have.
  assert.deepEqual(limbs.map(({ side }) => side), ['left', 'right', 'middle']);
  assert.deepEqual([limbs[0].from, limbs[0].to], [points[0], points[1]]);
});

test('a weak point is left out with its limbs, a doubtful one is faint', () => {
  const result = { keypoints: [[0.5, 0.1, 0.9, 0.6, 0.2, 0.4, 0.4, 0.2, 0.1]], scores: [0.9] };
  const [{ points, limbs }] = readPoses(result, BODY, 0);
  assert.deepEqual(points.map(({ x }) => x), [0.5, 0.6]);
  assert.equal(limbs.length, 1);
  assert.equal(limbs[0].opacity, opacityOf(0.4));
  assert.ok(opacityOf(0.4) > opacityOf(0.2) && opacityOf(0.4) < 1);
  assert.deepEqual([opacityOf(0.19), opacityOf(NaN), opacityOf(0.6), opacityOf(1)], [0, 0, 1, 1]);
});

test('poses of a model without names and skeleton are points', () => {
  const result = { keypoints: [[0.5, 0.1, 0.9, 1.2, -0.2, 0.9]], scores: [0.9] };
  for (const model of [null, { labels: [] }]) {
    const [{ points, limbs }] = readPoses(result, model, 0);
    assert.deepEqual(points.map(({ x, side }) => [x, side]), [[0.5, 'middle'], [1.2, 'middle']]);
    assert.deepEqual(limbs, []);
  }
});

test('the side of a point follows from its name', () => {
  assert.deepEqual(['left_eye', 'Left shoulder', '左眼'].map((name) => sideOf(name)), ['left', 'left', 'left']);
  assert.deepEqual(['right_eye', '右肩'].map((name) => sideOf(name)), ['right', 'right']);
  assert.deepEqual(['nose', undefined].map((name) => sideOf(name)), ['middle', 'middle']);
});
