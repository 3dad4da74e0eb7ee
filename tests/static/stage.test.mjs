// What the stage and its panel work out without a browser: places of labels, the chart's scale, the
// settings of a link, the classes shown, what is saved, and addresses for phones.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import * as chart from '../../static/page/chart-scale.js';
import { ClassFilter, matching } from '../../static/tasks/class-filter.js';
import { hintFor, readsDigits } from '../../static/page/hint.js';
import { boxAt, overlap, placeLabels } from '../../static/tasks/label-placement.js';
import { reach } from '../../static/page/phone-address.js';
import { outline, qrCode } from '../../static/page/qr/code.js';
import { readPredictions } from '../../static/tasks/predictions.js';
import { fileName, resultDocument } from '../../static/page/result-document.js';
import { addressWith, readSettings } from '../../static/page/shared-settings.js';
import { dice } from './puppet.mjs';

const BOUNDS = { x: 0, y: 0, width: 400, height: 300 };
const HEIGHT = 18;

const box = (x, y, width, height) => ({ x, y, width, height });

test('a label is above its box, or below it at the upper edge', () => {
  const labels = [box(50, 100, 60, 60), box(200, 5, 60, 60)].map((at) => ({ box: at, widths: [30] }));
  assert.deepEqual(placeLabels(labels, HEIGHT, BOUNDS), [{ x: 50, y: 80, width: 30 }, { x: 200, y: 67, width: 30 }]);
});

test('a label keeps clear of a neighbour’s box', () => {
  const labels = [box(50, 100, 60, 60), box(45, 40, 60, 55)].map((at) => ({ box: at, widths: [30] }));
  const [lower] = placeLabels(labels, HEIGHT, BOUNDS);
  assert.equal(overlap({ ...lower, height: HEIGHT }, labels[1].box), 0);
});

test('labels never cover one another, nor leave the picture, however crowded it is', () => {
  const random = dice(7);
  for (let run = 0; run < 60; run += 1) {
    const labels = Array.from({ length: 1 + random(60) }, () => {
      const [width, height] = [4 + random(150), 4 + random(150)];
      return { box: box(random(400), random(300), width, height), widths: [20 + random(100), 20] };
    });
    const placed = placeLabels(labels, HEIGHT, BOUNDS).filter(Boolean).map((place) => ({ ...place, height: HEIGHT }));
    assert.ok(placed.length > 0);
    placed.forEach((place, i) => {
      assert.ok(place.x >= 0 && place.y >= 0 && place.x + place.width <= 400 && place.y + HEIGHT <= 300);
      for (const other of placed.slice(i + 1)) assert.equal(overlap(place, other), 0);
    });
  }
});

test('without room for the whole label, there is a shorter one, and the pointer’s comes first', () => {
  const narrow = { x: 0, y: 0, width: 40, height: 300 };
  const label = (more = {}) => ({ box: box(5, 100, 30, 30), widths: [60, 30], ...more });
  assert.equal(placeLabels([label()], HEIGHT, narrow)[0].width, 30);
  const same = Array.from({ length: 12 }, () => label());
  const places = placeLabels([...same, label({ isFirst: true })], HEIGHT, narrow);
  assert.ok(places.includes(null));
  assert.deepEqual(places[12], placeLabels([label()], HEIGHT, narrow)[0]);
});

test('labels stay where they are while scores change places', () => {
  const [a, b] = [box(50, 100, 60, 60), box(80, 104, 60, 60)].map((at) => ({ box: at, widths: [50] }));
  const [first, second] = placeLabels([a, b], HEIGHT, BOUNDS);
  assert.deepEqual(placeLabels([b, a], HEIGHT, BOUNDS), [second, first]);
});

test('the pointer is on the smallest box around it', () => {
  const boxes = [box(0, 0, 100, 100), box(40, 40, 20, 20)];
  assert.deepEqual([[50, 50], [10, 10], [300, 10]].map(([x, y]) => boxAt(boxes, { x, y })), [1, 0, -1]);
});

test('one spike does not set the chart’s scale, but what lasts does', () => {
  const points = Array.from({ length: 60 }, () => ({ p50Ms: 12, p95Ms: 15 }));
  assert.equal(chart.topOf(points), 20);
  assert.equal(chart.topOf([{ p50Ms: 400, p95Ms: 480 }, ...points.slice(1)]), 20);
  assert.equal(chart.topOf(points.map((point, i) => (i < 40 ? point : { p50Ms: 90, p95Ms: 120 }))), 200);
  assert.deepEqual([chart.topOf([]), chart.topOf([null, null])], [10, 10]);
});

test('the chart’s upper edge is a round number', () => {
  const rounded = [1, 10, 10.1, 20, 49, 51, 100, 101, 3000].map(chart.roundUp);
  assert.deepEqual(rounded, [1, 10, 20, 20, 50, 100, 100, 200, 5000]);
});

test('the pointer finds the point that is drawn under it, and its age', () => {
  for (const i of [0, 17, 39]) assert.equal(chart.nearest(chart.placeOf(i, 40, 300), 40, 300), i);
  assert.deepEqual([chart.nearest(0, 40, 300), chart.nearest(310, 40, 300)], [-1, -1]);
  assert.deepEqual([chart.placeOf(59, 60, 300), chart.placeOf(0, 60, 300)], [300, 0]);
  assert.deepEqual([chart.ageOf(59, 60), chart.ageOf(39, 60)], [0, 10]);
});

test('a link’s settings come back as they were', () => {
  const settings = { source: 'camera', score: 65, opacity: 30, boxes: 'live', classes: [1, 7], full: true, lang: 'zh' };
  const link = addressWith('https://example.org/demo/?model=digits&score=5#token=secret', settings);
  assert.equal(new URL(link).pathname, '/demo/');
  assert.ok(link.includes('model=digits') && link.includes('classes=1,7') && !link.includes('secret'));
  assert.deepEqual(readSettings(new URL(link).search), settings);
  assert.equal(addressWith(link, {}), 'https://example.org/demo/?model=digits');
});

test('settings that make no sense are as good as missing', () => {
  const nothing = { source: null, score: null, opacity: null, boxes: null, classes: null, full: null, lang: null };
  const wrong = '?source=file&score=96&opacity=-1&boxes=round&classes=1,x&full=yes&lang=fr';
  assert.deepEqual([readSettings(wrong), readSettings('?score=&classes=')], [nothing, nothing]);
  assert.deepEqual(readSettings('?score=33.4&full=0&classes=2,2').score, 33);
  assert.deepEqual(readSettings('?classes=2,2').classes, [2]);
});

function memory(stored = {}) {
  return { getItem: (key) => stored[key] ?? null, setItem: (key, value) => (stored[key] = value) };
}

test('the classes shown are all, or those chosen for the model', () => {
  const storage = memory();
  const model = { name: 'digits', labels: ['zero', 'one', 'two'] };
  const filter = new ClassFilter(storage, null);
  filter.use(model);
  assert.ok([0, 1, 2].every((index) => filter.shows(index)));
  filter.toggle(2);
  filter.toggle(0);
  filter.toggle(0);
  assert.deepEqual([0, 1, 2].map((index) => filter.shows(index)), [false, false, true]);
  filter.use({ name: 'cats', labels: ['cat', 'dog', 'fox'] });
  assert.deepEqual(filter.chosen, []);
  filter.toggle(1);
  filter.use(model);
  assert.deepEqual(filter.chosen, [2]);
  const later = new ClassFilter(storage, [0, 9]);
  later.use(model);
  assert.deepEqual(later.chosen, [0]); // the address counts more, for classes that there are
  later.clear();
  const cleared = new ClassFilter(storage, null);
  cleared.use(model);
  assert.deepEqual(cleared.chosen, []);
  new ClassFilter(memory({ 'framewire.classes': '[' }), null).use(model);
});

test('boxes of other classes are left out of a result', () => {
  const result = { boxes: [[0, 0, 1, 1], [0, 0, 0.5, 0.5]], classes: [1, 7], scores: [0.8, 0.9] };
  const { items } = readPredictions(result, { labels: [] }, 0.5, (index) => index === 1);
  assert.deepEqual(items.map(({ index }) => index), [1]);
  assert.deepEqual(matching(['Traffic light', 'light', 'dog'], ' LIGHT'), [0, 1]);
});

test('a saved result has its model, names, time and bytes as base64', () => {
  const model = { name: 'digits', version: 3, label: null, task: 'detection', labels: ['zero'] };
  const result = { type: 'result', id: 5, captured_at: 1, model_version: 3, classes: [0, 4], scores: [0.5, 0.25] };
  const more = { outputs: { raw: { data: Uint8Array.of(1, 2, 255), shape: [3n] } } };
  const at = new Date(2026, 10, 29, 9, 5, 7);
  const saved = JSON.parse(resultDocument({ result: { ...result, ...more }, model, frame: { width: 4, height: 3 } }, at));
  assert.deepEqual([saved.model.name, saved.names, saved.scores], ['digits', ['zero', null], [0.5, 0.25]]);
  assert.deepEqual(saved.outputs.raw, { data: 'AQL/', shape: ['3'] });
  assert.deepEqual([saved.frame, saved.saved_at], [{ width: 4, height: 3 }, at.toISOString()]);
  assert.ok(!('type' in saved || 'id' in saved || 'captured_at' in saved));
  assert.equal(fileName(at, 'json'), 'framewire-2026-11-29-090507.json');
});

test('a phone’s camera needs HTTPS and an address other than this computer’s own', () => {
  const local = ['http://localhost:8888/', 'https://127.0.0.1/', 'http://[::1]:8888/', 'https://demo.localhost/'];
  assert.deepEqual(local.map(reach), ['local', 'local', 'local', 'local']);
  assert.equal(reach('http://192.168.0.12:8888/'), 'insecure');
  assert.equal(reach('https://192.168.0.12:8888/'), 'ready');
});

test('a QR code is outlined with its quiet zone, and has a longest text', () => {
  const code = qrCode('https://192.168.0.12:8888/');
  const { size, path } = outline(code);
  assert.deepEqual([code.version, size], [2, 25 + 8]);
  assert.ok(path.startsWith('M4 4h7v1h-7z'));
  const dark = [...path.matchAll(/h(\d+)v1/g)].reduce((sum, [, length]) => sum + Number(length), 0);
  assert.equal(dark, code.rows.flat().reduce((sum, module) => sum + module, 0));
  assert.equal(qrCode('x'.repeat(858)).version, 20);
  assert.throws(() => qrCode('x'.repeat(859)), RangeError);
});

test('there is a sheet to print for models of digits only', () => {
  assert.deepEqual([['0', '9'], ['cat', '1'], []].map(readsDigits), [true, false, false]);
});

test('the manifest’s icons are there', async () => {
  const folder = new URL('../../static/', import.meta.url);
  const manifest = JSON.parse(await readFile(new URL('manifest.webmanifest', folder), 'utf8'));
  assert.equal(new URL(manifest.start_url, 'https://example.org/prefix/static/manifest.webmanifest').pathname, '/prefix/');
  for (const { src, sizes, type } of manifest.icons) {
    const file = await readFile(new URL(src, folder));
    if (type === 'image/png') assert.equal(`${file.readUInt32BE(16)}x${file.readUInt32BE(20)}`, sizes);
  }
});

test('the hint names a few classes: all of them, or the first ones, none of them long', () => {
  assert.deepEqual(hintFor(['0', '1']), { key: 'hint.digits' });
  assert.deepEqual(hintFor([' ']), { key: 'hint.any' });
  assert.deepEqual(hintFor(['cat', 'dog']), { key: 'hint.names', names: 'cat, dog' });
  assert.deepEqual(hintFor(['cat', 'dog', 'cow', 'hen']), { key: 'hint.names.more', names: 'cat, dog, cow' });
  assert.deepEqual(hintFor(['x'.repeat(60)]), { key: 'hint.names', names: `${'x'.repeat(23)}…` });
  assert.deepEqual(hintFor(['כלב', 'cat']), { key: 'hint.names', names: '\u2068כלב\u2069, cat' });
});
