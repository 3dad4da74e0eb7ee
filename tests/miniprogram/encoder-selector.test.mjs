// How a frame is encoded, and how large, by measured cost.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { library } from './library.mjs';

const { EncoderSelector } = library('encoder-selector');
const { AdaptiveScale } = library('adaptive-scale');

const ENCODINGS = [
  { name: 'jpeg', format: 'jpeg' },
  { name: 'rgb', format: 'rgb' },
];
const FORMATS = ['jpeg', 'rgb'];

/** Run a selector for a number of frames; `costs` is [ms, bytes] per encoding. */
function run(selector, costs, { frames, uplink = null, from = 0, formats = FORMATS }) {
  const chosen = [];
  for (let i = 0; i < frames; i += 1) {
    const now = from + 100 * i;
    const name = selector.select(now, formats, uplink);
    chosen.push(name);
    selector.succeeded(name, now, ...costs[name]);
  }
  return chosen;
}

test('each encoding is tried, then the cheaper one is used', () => {
  const selector = new EncoderSelector(ENCODINGS);
  const chosen = run(selector, { jpeg: [30, 10000], rgb: [5, 110000] }, { frames: 40, uplink: 50e6 });
  assert.deepEqual(chosen.slice(0, 8), [...Array(4).fill('jpeg'), ...Array(4).fill('rgb')]);
  assert.ok(chosen.slice(8).every((name) => name === 'rgb'));
});

test('on a slow uplink, small frames are worth a slow canvas', () => {
  const selector = new EncoderSelector(ENCODINGS);
  const costs = { jpeg: [60, 10000], rgb: [5, 110000] };
  assert.equal(run(selector, costs, { frames: 20, uplink: 1e6 }).pop(), 'jpeg');
  assert.equal(run(selector, costs, { frames: 20, uplink: 10e6, from: 3000 }).pop(), 'rgb');
});

test('the first frame of an encoding, which fills its tables, is not measured', () => {
  const selector = new EncoderSelector(ENCODINGS);
  selector.succeeded('rgb', 0, 500, 1000);
  for (let i = 0; i < 3; i += 1) selector.succeeded('rgb', i, 5, 1000);
  assert.equal(selector.encodeMs('rgb'), 5);
});

test('the other encoding is retried from time to time, unless it is hopeless', () => {
  const selector = new EncoderSelector(ENCODINGS);
  const costs = { jpeg: [12, 10000], rgb: [5, 110000] };
  const chosen = run(selector, costs, { frames: 700, uplink: 20e6 });
  const again = chosen.slice(8).filter((name) => name === 'jpeg').length;
  assert.ok(again >= 3 && again <= 4, `${again} times in 70 s`);
  const hopeless = new EncoderSelector(ENCODINGS);
  const slow = run(hopeless, { jpeg: [900, 10000], rgb: [5, 1000] }, { frames: 700, uplink: 20e6 });
  assert.ok(slow.slice(8).every((name) => name === 'rgb'));
});

test('an encoding is closed after two failures, and retried after one', () => {
  const selector = new EncoderSelector(ENCODINGS);
  selector.failed('jpeg');
  assert.equal(selector.select(0, FORMATS, null), 'jpeg');
  selector.failed('jpeg');
  assert.equal(selector.select(0, FORMATS, null), 'rgb');
  selector.restart();
  assert.equal(selector.select(0, FORMATS, null), 'rgb');
});

test('a model that accepts no pixels gets none, and null means that no encoding is left', () => {
  const selector = new EncoderSelector(ENCODINGS);
  const chosen = run(selector, { jpeg: [900, 10000] }, { frames: 20, formats: ['jpeg', 'png'] });
  assert.ok(chosen.every((name) => name === 'jpeg'));
  assert.equal(selector.select(0, ['png'], null), null);
});

test('frames get smaller while one keeps the uplink busy, and larger when it recovers', () => {
  const adaptive = new AdaptiveScale();
  const scales = [];
  const measure = (uplink) => {
    for (let i = 0; i < 5; i += 1) {
      measure.now = (measure.now || 0) + 2000;
      adaptive.update(measure.now, 110592 * adaptive.scale() ** 2, uplink);
      scales.push(adaptive.scale());
    }
  };
  measure(20e6);
  measure(200e3);
  measure(20e6);
  assert.deepEqual(scales, [1, 1, 1, 1, 1, 0.75, 0.5, 0.5, 0.5, 0.5, 0.75, 1, 1, 1, 1]);
});

test('the size does not oscillate when the uplink is between two levels', () => {
  for (let uplink = 100e3; uplink < 2e6; uplink *= 1.07) {
    const adaptive = new AdaptiveScale();
    let changes = 0;
    for (let now = 0; now < 60000; now += 2000) {
      changes += adaptive.update(now, 110592 * adaptive.scale() ** 2, uplink) ? 1 : 0;
    }
    assert.ok(changes <= 2, `${changes} changes at ${uplink}`);
  }
});

test('without a measured uplink the size stays', () => {
  const adaptive = new AdaptiveScale();
  assert.equal(adaptive.update(10000, 1e9, null), false);
  assert.equal(adaptive.scale(), 1);
});
