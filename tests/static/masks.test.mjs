// Masks as pixels.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { classOfEachPixel } from '../../static/client/masks.js';

test('runs become the class of each pixel, across the ends of rows', () => {
  const masks = { width: 3, height: 2, runs: [0, 2, 7, 3, 70000, 1] };
  assert.deepEqual([...classOfEachPixel(masks)], [0, 0, 7, 7, 7, 70000]);
});

test('runs that are too short or too long do no harm', () => {
  assert.deepEqual([...classOfEachPixel({ width: 2, height: 1, runs: [3, 1] })], [3, 0]);
  assert.deepEqual([...classOfEachPixel({ width: 2, height: 1, runs: [3, 9, 4, 9] })], [3, 3]);
  assert.deepEqual([...classOfEachPixel({ width: 0, height: 5, runs: [] })], []);
});
