// The corners of rotated boxes: read with their boxes, carried with them, and drawn.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { cornersOf } from '../../static/client/corners.js';
import { Overlay } from '../../static/client/overlay.js';
import { drawBoxes } from '../../static/tasks/box-drawing.js';
import { readPredictions } from '../../static/tasks/predictions.js';

const BOX = [0.25, 0.5, 0.75, 1];
const CORNERS = [[0.25, 0.75, 0.5, 0.5, 0.75, 0.625, 0.375, 1.25]];
const WITHIN = [0, 0.5, 0.5, 0, 1, 0.25, 0.25, 1.5];
const RESULT = { boxes: [BOX], scores: [0.9], classes: [1], corners: CORNERS };

test('corners are those within the upright box, or none', () => {
  assert.deepEqual(cornersOf(CORNERS, 0, BOX), WITHIN);
  assert.equal(cornersOf(undefined, 0, BOX), null);
  assert.equal(cornersOf(CORNERS, 1, BOX), null);
  assert.equal(cornersOf(CORNERS, 0, [0.25, 0.5, 0.25, 1]), null);
  const { items } = readPredictions(RESULT, { labels: ['cat', 'ship'] }, 0.5);
  assert.deepEqual(items.map(({ name, corners }) => [name, corners]), [['ship', WITHIN]]);
});

test('corners move with their box', () => {
  const overlay = new Overlay({ fadeMs: 0, easeMs: 0 });
  overlay.update({ ...RESULT, ids: [null], velocities: [null] }, 0);
  assert.deepEqual(overlay.at(0)[0].corners, WITHIN);
  for (const at of [0, 100]) {
    overlay.update({ ...RESULT, captured_at: at, ids: [7], velocities: [[1, 0, 1, 0]] }, at);
  }
  const [{ box, corners }] = overlay.at(200);
  assert.equal(box[0].toFixed(3), '0.350');
  assert.deepEqual(corners, WITHIN);
  overlay.update({ boxes: [BOX], scores: [0.9], classes: [1] }, 300);
  assert.ok(overlay.at(300).every((drawn) => !('corners' in drawn)));
});

test('a rotated box is drawn as its four sides, also in a mirror', () => {
  const rect = { x: 100, y: 0, width: 200, height: 40 };
  const box = { rect, corners: WITHIN, index: 1, name: 'ship', score: 0.9, opacity: 1 };
  for (const [mirrored, xs] of [[false, [100, 200, 300, 150]], [true, [300, 200, 100, 250]]]) {
    const points = [];
    const context = new Proxy({}, {
      get: (_, name) => {
        if (name === 'measureText') return () => ({ width: 20 });
        return (...values) => name === 'lineTo' && points.push(values);
      },
      set: () => true,
    });
    drawBoxes(context, { x: 0, y: 0, width: 400, height: 100 }, [{ ...box, mirrored }]);
    assert.deepEqual(points, xs.map((x, i) => [x, [20, 0, 10, 60][i]]));
  }
});
