// The masks of boxes: read with their boxes, carried with them, and drawn as few rectangles.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { maskOf } from '../../static/client/masks.js';
import { Overlay } from '../../static/client/overlay.js';
import { fillMask, rectsOf } from '../../static/tasks/box-masks.js';
import { readPredictions } from '../../static/tasks/predictions.js';

const MASKS = { width: 3, height: 4, runs: [[1, 2, 1, 2, 1, 1, 2, 1, 1], []] };
const [FIRST] = MASKS.runs;
const RESULT = {
  boxes: [[0, 0, 0.5, 0.5], [0.5, 0.5, 1, 1]],
  scores: [0.9, 0.8],
  classes: [1, 0],
  box_masks: MASKS,
};

test('a box has its mask, or none', () => {
  assert.deepEqual(maskOf(MASKS, 0), { width: 3, height: 4, runs: FIRST });
  assert.deepEqual([maskOf(MASKS, 1), maskOf(MASKS, 2), maskOf(undefined, 0)], [null, null, null]);
  const { items } = readPredictions(RESULT, { labels: ['cat', 'dog'] }, 0.5);
  assert.deepEqual(items.map(({ name, mask }) => [name, mask && mask.runs]), [['dog', FIRST], ['cat', undefined]]);
});

test('rows that are alike are one rectangle, others are not', () => {
  assert.deepEqual(rectsOf({ width: 3, height: 4, runs: FIRST }), [
    { x: 1, y: 0, width: 2, height: 2 },
    { x: 1, y: 2, width: 1, height: 2 },
  ]);
  const whole = { width: 2, height: 3, runs: [0, 6] };
  assert.deepEqual(rectsOf(whole), [{ x: 0, y: 0, width: 2, height: 3 }]);
  const gap = { width: 1, height: 3, runs: [0, 1, 1, 1] };
  assert.deepEqual(rectsOf(gap).map(({ y, height }) => [y, height]), [[0, 1], [2, 1]]);
});

test('rectangles cover exactly the cells inside', () => {
  let seed = 7;
  const random = (below) => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) % below;
  for (let turn = 0; turn < 200; turn += 1) {
    const [width, height] = [1 + random(6), 1 + random(6)];
    const runs = Array.from({ length: 1 + random(9) }, () => random(9));
    const cells = Array(width * height).fill(0);
    for (const rect of rectsOf({ width, height, runs })) {
      for (let y = rect.y; y < rect.y + rect.height; y += 1) {
        for (let x = rect.x; x < rect.x + rect.width; x += 1) cells[y * width + x] += 1;
      }
    }
    const inside = runs.flatMap((length, i) => Array(length).fill(i % 2)).slice(0, cells.length);
    while (inside.length < cells.length) inside.push(0);
    assert.deepEqual(cells, inside);
  }
});

test('a mask is filled as one path within its box', () => {
  const calls = [];
  const context = {
    beginPath: () => calls.push('begin'),
    rect: (...place) => calls.push(place),
    fill: () => calls.push('fill'),
  };
  fillMask(context, { x: 10, y: 20, width: 20, height: 40 }, { width: 2, height: 2, runs: [1, 1, 1, 1] });
  assert.deepEqual(calls, ['begin', [20, 20, 10, 40], 'fill']);
});

test('a mask goes with its box until another one is known', () => {
  const overlay = new Overlay({ fadeMs: 0 });
  const tracked = { ...RESULT, ids: [7, null], velocities: [[0.1, 0, 0.1, 0], null], captured_at: 0 };
  overlay.update(tracked, 0);
  const [box, other] = overlay.at(0);
  assert.deepEqual([box.id, box.mask.runs, 'mask' in other], [7, FIRST, false]);
  overlay.update({ ...tracked, captured_at: 100, box_masks: { width: 1, height: 1, runs: [[0, 1], []] } }, 100);
  const [moved] = overlay.at(150);
  assert.deepEqual([moved.mask.width, moved.box[0] > 0], [1, true]);
});
