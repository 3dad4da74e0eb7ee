// What is drawn over the preview for each task, on a canvas that records it.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { beforeEach, test } from 'node:test';

import { Canvas } from './phone/canvas.mjs';

const require = createRequire(import.meta.url);
const { Overlay } = require('../../miniprogram/overlay.js');
const { answerOf, marksOf } = require('../../miniprogram/marks.js');
const { classColour, readBoxes, summarize, joinSummary } = require('../../miniprogram/predictions.js');

const PREVIEW = { width: 300, height: 600 };
const FRAME = { upright: { width: 150, height: 300 } }; // it fills the preview
const DETECTOR = { task: 'detection', labels: ['cat', 'dog'] };

let canvas = null;
let overlay = null;

beforeEach(() => {
  globalThis.wx = { createOffscreenCanvas: (size) => new Canvas(size, false) };
  canvas = new Canvas(PREVIEW, false);
  overlay = new Overlay(canvas, PREVIEW, 1);
  overlay.setOpacity(0.55);
});

function draw(result, model, { mirrored = false, minScore = 0.5 } = {}) {
  const boxes = (result.boxes || []).map((box, i) => {
    const { width, height, runs = [] } = result.box_masks || {};
    const mask = runs[i] && runs[i].length > 0 ? { width, height, runs: runs[i] } : undefined;
    return { box, class: result.classes[i], score: result.scores[i], opacity: 1, mask };
  });
  const marks = marksOf(readBoxes(boxes, model.labels, minScore), FRAME, PREVIEW, mirrored);
  overlay.draw(() => marks, answerOf({ result, frame: FRAME }, model, minScore, PREVIEW, mirrored));
  return canvas.shapes;
}

const kinds = (shapes) => shapes.map(({ kind }) => kind);

test('a mask is drawn in its class’s colour within its box', () => {
  const box = [0.2, 0.1, 0.6, 0.5]; // 120 x 240 at 60, 60
  const masks = { width: 2, height: 2, runs: [[2, 2]] }; // its lower half
  const result = { boxes: [box], scores: [0.9], classes: [1], box_masks: masks };
  const [mask] = draw(result, DETECTOR);
  assert.deepEqual([mask.kind, mask.colour, mask.path.length], ['fill', classColour(1), 1]);
  assert.ok(mask.opacity > 0.2 && mask.opacity < 0.8, 'the object must show through');
  near(mask.path[0], { x: 60, y: 180, width: 120, height: 120 });
  assert.deepEqual(canvas.texts.map(({ text }) => text), ['dog  90 %']);
});

test('a mirrored preview has mirrored masks', () => {
  const masks = { width: 2, height: 1, runs: [[0, 1, 1]] }; // its left half
  const result = { boxes: [[0.2, 0, 0.6, 1]], scores: [0.9], classes: [0], box_masks: masks };
  near(draw(result, DETECTOR, { mirrored: false })[0].path[0], { x: 60, width: 60 });
  near(draw(result, DETECTOR, { mirrored: true })[0].path[0], { x: 180, width: 60 });
});

test('boxes without masks are outlines alone', () => {
  const result = { boxes: [[0.2, 0.1, 0.6, 0.5]], scores: [0.9], classes: [1] };
  assert.deepEqual(kinds(draw(result, DETECTOR)), ['fill'], 'the label');
  assert.equal(canvas.strokes.length, 2);
});

test('poses are limbs and points on the preview, mirrored as it is', () => {
  const model = { task: 'keypoints', labels: ['left_eye', 'right_eye'], skeleton: [[0, 1]] };
  const result = { keypoints: [[0.2, 0.5, 0.9, 0.4, 0.5, 0.9]], scores: [0.8] };
  const limb = (shapes) => shapes.find(({ kind, path }) => kind === 'stroke' && path.length === 2);
  near(limb(draw(result, model)).path[0], { x: 60, y: 300 });
  near(limb(draw(result, model, { mirrored: true })).path[0], { x: 240, y: 300 });
  assert.equal(draw(result, model).filter(({ kind }) => kind === 'fill').length, 2);
  assert.deepEqual(draw(result, model, { minScore: 0.9 }), []);
});

test('a segmentation covers the frame, translucent, its background transparent', () => {
  const model = { task: 'segmentation', labels: ['background', 'road'], palette: ['#000000', '#804080'] };
  const [image] = draw({ masks: { width: 2, height: 1, runs: [0, 1, 1, 1] } }, model, { mirrored: true });
  near(image, { x: 0, y: 0, width: 300, height: 600 });
  assert.ok(image.mirrored && image.opacity < 1);
  assert.deepEqual(image.pixels, [0, 0, 0, 0, 128, 64, 128, 255]);
});

test('a map is a heat map, light where its values are high', () => {
  const map = { width: 2, height: 1, low: 0, high: 3, levels: [0, 255] };
  const [image] = draw({ map }, { task: 'map', labels: [], unit: 'm' });
  assert.deepEqual(kinds([image]), ['image']);
  assert.ok(image.pixels[4] > image.pixels[0] + 100);
});

test('a phone without hidden canvases shows the rest', () => {
  globalThis.wx = {};
  const map = { width: 2, height: 1, low: 0, high: 3, levels: [0, 255] };
  assert.deepEqual(draw({ map }, { task: 'map', labels: [], unit: 'm' }), []);
});

test('classes are the best five, as bars with their scores', () => {
  const scores = [0.4, 0.3, 0.1, 0.08, 0.07, 0.05];
  const shapes = draw({ classes: [0, 1, 2, 3, 4, 5], scores }, { task: 'classification', labels: ['cat', 'dog'] });
  const texts = canvas.texts.map(({ text }) => text);
  assert.deepEqual(texts.slice(0, 4), ['cat', '40 %', 'dog', '30 %']);
  assert.equal(texts.length, 10);
  const [ground, bar] = shapes;
  assert.ok(Math.abs(bar.width - 0.4 * ground.width) < 1e-6);
});

test('what has no place in the picture is not drawn, and what was drawn is cleared', () => {
  draw({ classes: [0], scores: [0.9] }, DETECTOR);
  for (const result of [{ embedding: [1, 2] }, { outputs: {} }]) {
    assert.deepEqual([draw(result, DETECTOR), canvas.texts], [[], []]);
  }
});

test('a summary is one text that breaks between its parts', () => {
  assert.equal(joinSummary(['traffic light 90 %', '2 98 %', '55 %']), 'traffic light\u00a090\u00a0% · 2\u00a098\u00a0% · 55\u00a0%');
  const arabic = summarize({ boxes: [[0, 0, 1, 1]], scores: [0.9], classes: [0] }, { task: 'detection', labels: ['سيارة'] }, 0.5);
  assert.equal(joinSummary(arabic), '\u2068سيارة\u2069\u00a090\u00a0%', 'its score stays behind it');
  assert.equal(joinSummary(['0 m – 3 m']), '0 m – 3 m');
});

test('every task has a summary', () => {
  const model = { labels: ['cat', 'dog'], unit: 'm' };
  const summary = (result) => summarize(result, model, 0.5);
  const [boxes, scores, classes] = [[[0, 0, 1, 1]], [0.9], [1]];
  assert.deepEqual(summary({ boxes, scores, classes }), ['dog 90 %']);
  assert.deepEqual(summary({ scores: [0.9, 0.2], classes: [1, 0] }), ['dog 90 %']);
  assert.deepEqual(summary({ keypoints: [[0, 0, 1]], scores }), ['90 %']);
  assert.deepEqual(summary({ masks: { width: 4, height: 1, runs: [1, 1, 0, 3] } }), ['cat 75 %', 'dog 25 %']);
  assert.deepEqual(summary({ map: { width: 1, height: 1, low: 0, high: 3, levels: [0] } }), ['0 m – 3 m']);
  assert.deepEqual(summary({ embedding: [3, 4] }), ['[2] 3, 4']);
  assert.deepEqual(summary({ outputs: {} }), []);
});

function near(shape, expected) {
  for (const [name, value] of Object.entries(expected)) {
    assert.ok(Math.abs(shape[name] - value) < 1e-6, `${name}: ${shape[name]} instead of ${value}`);
  }
}
