// Where a frame's box is on the preview, for phones that crop frames differently.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { library } from './library.mjs';

const { PreviewOverlay, boxRect, frameRect, rotationFor, uprightSize } = library();

/** An object, in 0..1 of the camera's whole picture. */
const OBJECT = [0.45, 0.4, 0.6, 0.55];

/** The largest centred part of a picture with the given aspect ratio: [x, y, w, h] in 0..1. */
function crop(pictureAspect, aspect) {
  const [w, h] = aspect < pictureAspect ? [aspect / pictureAspect, 1] : [1, pictureAspect / aspect];
  return [(1 - w) / 2, (1 - h) / 2, w, h];
}

/** A box of the whole picture, in 0..1 of a part of it. */
function within([x, y, w, h], [x0, y0, x1, y1]) {
  return [(x0 - x) / w, (y0 - y) / h, (x1 - x) / w, (y1 - y) / h];
}

const FRAMES = [[288, 352], [288, 625], [480, 640], [720, 1280], [480, 480]];
const PREVIEWS = [[375, 667], [390, 844], [360, 480], [414, 414], [667, 375]];
const SENSORS = [3 / 4, 9 / 16, 1];

for (const [fw, fh] of FRAMES) {
  for (const [pw, ph] of PREVIEWS) {
    test(`a frame of ${fw}x${fh} on a preview of ${pw}x${ph}`, () => {
      const [frame, preview] = [{ width: fw, height: fh }, { width: pw, height: ph }];
      for (const sensor of SENSORS) {
        const seen = within(crop(sensor, fw / fh), OBJECT);
        const [x0, y0, x1, y1] = within(crop(sensor, pw / ph), OBJECT);
        const found = boxRect(seen, frameRect(frame, preview, sensor), false);
        const wanted = { x: x0 * pw, y: y0 * ph, width: (x1 - x0) * pw, height: (y1 - y0) * ph };
        for (const name of Object.keys(wanted)) {
          assert.ok(Math.abs(found[name] - wanted[name]) < 1e-6, `${name}, sensor ${sensor}`);
        }
      }
    });
  }
}

test('without the sensor’s aspect ratio, the frame counts as the whole picture', () => {
  const rect = frameRect({ width: 480, height: 640 }, { width: 375, height: 667 });
  assert.equal(rect.height, 667);
  assert.ok(Math.abs(rect.width - 500.25) < 1e-9);
  assert.ok(Math.abs(rect.x + 62.625) < 1e-9);
  assert.equal(rect.y, 0);
});

test('a frame with the preview’s aspect ratio fills it', () => {
  const rect = frameRect({ width: 288, height: 625 }, { width: 360, height: 781.25 });
  assert.deepEqual(rect, { x: 0, y: 0, width: 360, height: 781.25 });
});

test('a mirrored preview shows a box on the opposite side', () => {
  const rect = { x: 10, y: 0, width: 100, height: 200 };
  assert.deepEqual(boxRect([0.1, 0, 0.3, 0.5], rect, false), { x: 20, y: 0, width: 20, height: 100 });
  const { x, width } = boxRect([0.1, 0, 0.3, 0.5], rect, true);
  assert.ok(Math.abs(x - 80) < 1e-9 && Math.abs(width - 20) < 1e-9);
});

test('a landscape frame of a portrait preview is rotated according to the camera’s position', () => {
  const [landscape, portrait] = [{ width: 640, height: 480 }, { width: 375, height: 667 }];
  assert.equal(rotationFor(landscape, portrait, 'back'), 90);
  assert.equal(rotationFor(landscape, portrait, 'front'), 270);
  assert.equal(rotationFor({ width: 480, height: 640 }, portrait, 'back'), 0);
  assert.equal(rotationFor({ width: 500, height: 480 }, portrait, 'back'), 0);
  assert.equal(rotationFor({ width: 480, height: 640 }, { width: 667, height: 375 }, 'back'), 90);
  assert.deepEqual(uprightSize(landscape, 90), { width: 480, height: 640 });
  assert.deepEqual(uprightSize(landscape, 180), landscape);
});

/** A result with one object that moves to the right by 0.2 a second, and one without a track. */
const tracked = (x, capturedAt) => ({
  captured_at: capturedAt,
  boxes: [[x, 0.1, x + 0.2, 0.3], [0.8, 0.8, 0.9, 0.9]],
  scores: [0.9, 0.6],
  classes: [4, 5],
  ids: [7, null],
  velocities: [[0.2, 0, 0.2, 0], null],
});

/** The numbers of a rectangle, rounded. */
const edges = ({ x, y, width, height }) => [x, y, width, height].map((side) => Math.round(10 * side) / 10);

test('an overlay has its boxes in the preview’s pixels, where their objects are by now', () => {
  let time = 1000;
  const overlay = new PreviewOverlay({ width: 300, height: 600, now: () => time });
  assert.deepEqual(overlay.rects(), []);
  const frame = { upright: { width: 600, height: 600 }, aspect: 1 }; // 150 pixels on either side are not shown
  overlay.update(tracked(0.4, 800), frame);
  time = 1200;
  overlay.update(tracked(0.44, 1000), frame);
  time = 1400;
  const [sure, untracked] = overlay.rects();
  assert.deepEqual([sure.id, sure.class, sure.score, sure.opacity], [7, 4, 0.9, 1]);
  assert.deepEqual(edges(sure), [0.48 * 600 - 150, 60, 120, 120]);
  assert.deepEqual([untracked.id, edges(untracked)], [null, [330, 480, 60, 60]]);
  overlay.clear();
  assert.deepEqual(overlay.rects(), []);
});

test('an overlay of a mirrored preview has its boxes on the opposite side', () => {
  const overlay = new PreviewOverlay({ width: 300, height: 600, mirrored: true, live: false, now: () => 0 });
  overlay.update(tracked(0.1, 0), { upright: { width: 300, height: 600 } });
  assert.deepEqual(edges(overlay.rects()[0]), [210, 60, 60, 120]);
});
