// What the page reads in the results of further tasks, before it draws them.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { paletteBytes, paletteColour } from '../../static/tasks/colours.js';
import { heatPixels, readScale, scaleImage } from '../../static/tasks/heat-map.js';
import { listModels, optionsFor, stillOffered } from '../../static/client/models.js';
import { queryFor } from '../../static/page/model-address.js';
import { storedOpacity } from '../../static/page/opacity-option.js';
import { opacityOf, readPoses, sideOf } from '../../static/tasks/poses.js';
import { readPredictions, resultOptions } from '../../static/tasks/predictions.js';
import { rowsThatFit } from '../../static/tasks/score-bars.js';
import { shorten } from '../../static/tasks/shorten.js';
import { isBackground, maskPixels } from '../../static/tasks/segmentation.js';

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

const ROAD = { labels: ['background', 'road', 'car'], palette: ['#000000', '#804080', '#00ff0a'] };
const STREET = { width: 4, height: 2, runs: [0, 2, 2, 1, 1, 4, 0, 1] };

test('the legend has the classes present, largest first, without the background', () => {
  const { kind, items } = readPredictions({ masks: STREET }, ROAD, 0.9);
  assert.equal(kind, 'masks');
  assert.deepEqual(items, [
    { index: 1, name: 'road', colour: '#804080', share: 0.5 },
    { index: 2, name: 'car', colour: '#00ff0a', share: 0.125 },
  ]);
});

test('each pixel of a mask has its class’s colour, and the background has none', () => {
  const pixels = maskPixels(STREET, ROAD);
  assert.equal(pixels.length, 4 * 4 * 2);
  const pixel = (at) => [...pixels.slice(4 * at, 4 * at + 4)];
  assert.deepEqual([0, 1, 2, 3, 6, 7].map(pixel), [
    [0, 0, 0, 0],
    [0, 0, 0, 0],
    [0, 255, 10, 255],
    [128, 64, 128, 255],
    [128, 64, 128, 255],
    [0, 0, 0, 0],
  ]);
});

test('masks that are too short or too long do no harm', () => {
  const long = { width: 2, height: 1, runs: [1, 1, 2, 50, 1] };
  assert.deepEqual([...maskPixels(long, ROAD)], [128, 64, 128, 255, 0, 255, 10, 255]);
  assert.deepEqual([...maskPixels({ width: 1, height: 1, runs: [] }, null)], [0, 0, 0, 0]);
});

test('the background is known by its name, or is class 0 of a model without names', () => {
  const labels = ['sky', 'Background', '__background__', '背景'];
  assert.deepEqual([0, 1, 2, 3, 4].map((index) => isBackground(index, labels)), [false, true, true, true, false]);
  assert.deepEqual([0, 1].map((index) => isBackground(index, [])), [true, false]);
});

test('a class outside the palette has a colour of its own, the same in bytes as in CSS', () => {
  assert.equal(paletteColour(1, ROAD.palette), '#804080');
  assert.equal(paletteColour(0), '#61efbb');
  assert.deepEqual(paletteBytes(0), [97, 239, 187]);
  assert.deepEqual(paletteBytes(9, ROAD.palette), paletteBytes(9));
});

test('only a valid opacity is remembered', () => {
  assert.deepEqual(['0', '35', '100'].map(storedOpacity), [0, 35, 100]);
  assert.deepEqual([null, '', 'full', '-5', '101'].map(storedOpacity), [55, 55, 55, 55, 55]);
});

test('a map’s scale has its ends with their unit, in no more digits than it shows', () => {
  const map = { width: 1, height: 1, low: 0.123456, high: 12.3456, levels: [0] };
  const { kind, items } = readPredictions({ map }, { labels: [], unit: 'm' }, 0);
  assert.deepEqual([kind, items], ['map', [{ low: '0.1 m', high: '12.3 m' }]]);
  const ends = (low, high) => Object.values(readScale({ low, high }, { unit: '' }));
  assert.deepEqual(ends(-1.23456, 0), ['-1.23', '0']);
  assert.deepEqual(ends(0, 0), ['0', '0']);
  assert.deepEqual(ends(1234567, 7654321), ['1230000', '7650000']);
  assert.deepEqual(ends(0.00001234, 0.00056), ['0.000012', '0.00056']);
});

test('a heat map is lighter the higher the level, from one end of the scale to the other', () => {
  const levels = Uint8Array.from({ length: 256 }, (_, i) => i);
  const pixels = heatPixels({ width: 16, height: 16, levels });
  const light = Array.from(levels, (i) => 0.299 * pixels[4 * i] + 0.587 * pixels[4 * i + 1] + 0.114 * pixels[4 * i + 2]);
  for (let i = 1; i < 256; i += 1) assert.ok(light[i] > light[i - 1] - 0.5, `level ${i}`);
  assert.ok(light[255] - light[0] > 200);
  const hex = (at) => `#${[...pixels.slice(at, at + 3)].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
  assert.ok(scaleImage().includes(`90deg, ${hex(0)}`) && scaleImage().endsWith(`${hex(4 * 255)})`));
});

test('pixels without a level are transparent', () => {
  assert.deepEqual([...heatPixels({ width: 2, height: 1, levels: [255] })].slice(3), [255, 0, 0, 0, 0]);
});

const RANKED = { task: 'classification', labels: ['cat', 'dog', 'owl', 'fox', 'elk', 'bee'] };
const SCORES = { classes: [1, 0, 2, 3, 4, 5], scores: [0.6, 0.2, 0.1, 0.05, 0.03, 0.02] };

test('of classes that exclude one another the best five are shown, the weak ones marked', () => {
  const { kind, items } = readPredictions(SCORES, RANKED, 0.5);
  assert.equal(kind, 'classes');
  assert.deepEqual(items.map(({ name }) => name), ['dog', 'cat', 'owl', 'fox', 'elk']);
  assert.deepEqual(items.map(({ isWeak }) => isWeak), [false, true, true, true, true]);
  assert.deepEqual(resultOptions(RANKED, 0.5), { min_score: 0, max_results: 5 });
});

test('of classes that do not exclude one another all above the minimum score are shown', () => {
  const model = { ...RANKED, multi_label: true };
  const { items } = readPredictions({ ...SCORES, scores: [0.9, 0.8, 0.7, 0.65, 0.6, 0.55] }, model, 0.5);
  assert.equal(items.length, 6);
  assert.deepEqual(readPredictions(SCORES, model, 0.5).items.map(({ name }) => name), ['dog']);
  for (const other of [model, { ...RANKED, task: 'detection' }, null]) {
    const { min_score: minScore, max_results: most } = resultOptions(other, 0.5);
    assert.deepEqual([minScore, most >= 1000], [0.5, true]);
  }
});

test('a name is shortened until it fits, by whole characters', () => {
  const upTo = (length) => (text) => [...text].length <= length;
  assert.equal(shorten('street sign', upTo(11)), 'street sign');
  assert.equal(shorten('street sign', upTo(8)), 'street…');
  assert.equal(shorten('😀😀😀', upTo(2)), '😀…');
  assert.equal(shorten('owl', upTo(0)), 'o…');
});

test('bars stay within their frame', () => {
  assert.deepEqual([0, 44, 71, 72, 480].map(rowsThatFit), [1, 1, 1, 2, 16]);
});

test('an embedding is summed up by its length, its norm and its first values', () => {
  const { kind, items } = readPredictions({ embedding: [3, 4, ...Array(10).fill(0)] }, RANKED, 0.5);
  assert.deepEqual([kind, items], ['embedding', [{ length: 12, norm: '5.000', values: '3, 4, 0, 0, 0, 0, 0, 0, …' }]]);
});

test('models are listed once per name and label, the default one first', () => {
  const models = [
    { name: 'pose', version: 2, label: null, task: 'keypoints', state: 'ready', default: false },
    { name: 'pose', version: 1, label: null, task: 'keypoints', state: 'ready', default: false },
    { name: 'gone', version: null, label: null, state: 'unknown_model', default: false },
    { name: 'digits', version: 1, label: 'stable', task: 'detection', state: 'ready', default: true },
  ];
  const listed = listModels(models, { name: 'pose', version: 2, label: null });
  assert.deepEqual(listed.map(({ name, isCurrent }) => [name, isCurrent]), [
    ['digits', false],
    ['pose', true],
    ['gone', false],
  ]);
  assert.deepEqual([listed[2].task, listed[2].state], [null, 'unknown_model']);
  assert.ok(listModels(models, null).every(({ isCurrent }) => !isCurrent));
});

test('a model without a label goes where its name leads to one now; what the server forgets stays', () => {
  const [plain, stable, canary] = [null, 'stable', 'canary'].map((label) => ({ name: 'digits', label }));
  const pose = { name: 'pose', label: null };
  assert.deepEqual(stillOffered([plain, pose], [stable]), [pose]);
  assert.deepEqual(stillOffered([plain, canary], [plain, stable]), [plain, canary]);
  assert.deepEqual(stillOffered([plain, canary], []), [plain, canary]);
});

test('a chosen model replaces label and version, on the wire and in the page’s address', () => {
  const [stable, plain] = [{ name: 'digits', label: 'stable' }, { name: 'a&b', label: null }];
  assert.deepEqual(optionsFor(plain), { model: 'a&b', label: null, version: null });
  assert.equal(queryFor('?source=camera&model=x&version=2', stable), '?source=camera&model=digits&label=stable');
  assert.equal(queryFor('?model=digits&label=stable', plain), '?model=a%26b');
  assert.equal(queryFor('', plain), '?model=a%26b');
});
