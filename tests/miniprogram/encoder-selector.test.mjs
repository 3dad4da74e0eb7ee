// Which way a frame is made, and how large, by what was measured.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { library } from './library.mjs';

const { EncoderSelector } = library('encoder-selector');
const { AdaptiveScale } = library('adaptive-scale');

const WAYS = [
  { name: 'jpeg', format: 'jpeg' },
  { name: 'rgb', format: 'rgb' },
];
const FORMATS = ['jpeg', 'rgb'];

/** Uses a chooser for so many frames; each way costs what `costs` says: [ms, bytes]. */
function use(ways, costs, { frames, uplink = null, from = 0, formats = FORMATS }) {
  const chosen = [];
  for (let i = 0; i < frames; i += 1) {
    const now = from + 100 * i;
    const way = ways.choose(now, formats, uplink);
    chosen.push(way);
    ways.made(way, now, ...costs[way]);
  }
  return chosen;
}

test('each way is tried, then the cheaper one is used', () => {
  const ways = new EncoderSelector(WAYS);
  const chosen = use(ways, { jpeg: [30, 10000], rgb: [5, 110000] }, { frames: 40, uplink: 50e6 });
  assert.deepEqual(chosen.slice(0, 8), [...Array(4).fill('jpeg'), ...Array(4).fill('rgb')]);
  assert.ok(chosen.slice(8).every((way) => way === 'rgb'));
});

test('on a narrow uplink few bytes are worth a slow canvas', () => {
  const ways = new EncoderSelector(WAYS);
  const costs = { jpeg: [60, 10000], rgb: [5, 110000] };
  assert.equal(use(ways, costs, { frames: 20, uplink: 1e6 }).pop(), 'jpeg');
  assert.equal(use(ways, costs, { frames: 20, uplink: 10e6, from: 3000 }).pop(), 'rgb');
});

test('the first frame of a way, which pays for its tables, does not count', () => {
  const ways = new EncoderSelector(WAYS);
  ways.made('rgb', 0, 500, 1000);
  for (let i = 0; i < 3; i += 1) ways.made('rgb', i, 5, 1000);
  assert.equal(ways.makingMs('rgb'), 5);
});

test('the other way gets a frame now and then, unless it is hopeless', () => {
  const ways = new EncoderSelector(WAYS);
  const costs = { jpeg: [12, 10000], rgb: [5, 110000] };
  const chosen = use(ways, costs, { frames: 700, uplink: 20e6 });
  const again = chosen.slice(8).filter((way) => way === 'jpeg').length;
  assert.ok(again >= 3 && again <= 4, `${again} times in 70 s`);
  const hopeless = new EncoderSelector(WAYS);
  const slow = use(hopeless, { jpeg: [900, 10000], rgb: [5, 1000] }, { frames: 700, uplink: 20e6 });
  assert.ok(slow.slice(8).every((way) => way === 'rgb'));
});

test('a way that fails twice is closed, one that failed once is tried again', () => {
  const ways = new EncoderSelector(WAYS);
  ways.failed('jpeg');
  assert.equal(ways.choose(0, FORMATS, null), 'jpeg');
  ways.failed('jpeg');
  assert.equal(ways.choose(0, FORMATS, null), 'rgb');
  ways.restart();
  assert.equal(ways.choose(0, FORMATS, null), 'rgb');
});

test('a model that takes no pixels gets none; where nothing is left, that is said', () => {
  const ways = new EncoderSelector(WAYS);
  const chosen = use(ways, { jpeg: [900, 10000] }, { frames: 20, formats: ['jpeg', 'png'] });
  assert.ok(chosen.every((way) => way === 'jpeg'));
  assert.equal(ways.choose(0, ['png'], null), null);
});

test('frames shrink while one keeps the uplink busy for long, and grow when it is wide again', () => {
  const ladder = new AdaptiveScale();
  const scales = [];
  const judge = (uplink) => {
    for (let i = 0; i < 5; i += 1) {
      judge.now = (judge.now || 0) + 2000;
      ladder.judge(judge.now, 110592 * ladder.scale() ** 2, uplink);
      scales.push(ladder.scale());
    }
  };
  judge(20e6);
  judge(200e3);
  judge(20e6);
  assert.deepEqual(scales, [1, 1, 1, 1, 1, 0.75, 0.5, 0.5, 0.5, 0.5, 0.75, 1, 1, 1, 1]);
});

test('the size does not swing where the uplink lies between two steps', () => {
  for (let uplink = 100e3; uplink < 2e6; uplink *= 1.07) {
    const ladder = new AdaptiveScale();
    let changes = 0;
    for (let now = 0; now < 60000; now += 2000) {
      changes += ladder.judge(now, 110592 * ladder.scale() ** 2, uplink) ? 1 : 0;
    }
    assert.ok(changes <= 2, `${changes} changes at ${uplink}`);
  }
});

test('without a measured uplink nothing shrinks', () => {
  const ladder = new AdaptiveScale();
  assert.equal(ladder.judge(10000, 1e9, null), false);
  assert.equal(ladder.scale(), 1);
});
