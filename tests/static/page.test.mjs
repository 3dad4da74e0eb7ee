// The parts of the page that need no browser: geometry, statistics, states, results and messages.

import assert from 'node:assert/strict';
import { access, readFile, readdir } from 'node:fs/promises';
import { test } from 'node:test';

import { readBoxes, readPredictions } from '../../static/tasks/predictions.js';
import { modeOf } from '../../static/page/boxes-option.js';
import { Statistics } from '../../static/client/statistics.js';
import { boxToRect, fit, sendSize, tagPosition } from '../../static/client/geometry.js';
import { Language } from '../../static/page/language.js';
import { classColour, hexBytes } from '../../static/tasks/colours.js';
import { TAG_INK } from '../../static/tasks/box-drawing.js';
import { isOffline } from '../../static/page/offline.js';
import { describe } from '../../static/page/status.js';
import { tokenOf } from '../../static/page/token.js';
import { MESSAGES } from '../../static/page/messages.js';
import { dice } from './puppet.mjs';

const PAGE = new URL('../../static/', import.meta.url);
const PAGES = ['index.html', 'digits.html', 'notfound.html'];
const MODEL = { width: 192, height: 192 };
const SHRUNK = { full: false, maxPixels: 16e6 };

test('a frame is downscaled until both sides just cover the model’s input', () => {
  assert.deepEqual(sendSize(640, 480, MODEL, SHRUNK), { width: 256, height: 192 });
  assert.deepEqual(sendSize(480, 640, MODEL, SHRUNK), { width: 192, height: 256 });
  assert.deepEqual(sendSize(1920, 1080, MODEL, SHRUNK), { width: 342, height: 192 });
  assert.deepEqual(sendSize(640, 640, { width: 320, height: 160 }, SHRUNK), { width: 320, height: 320 });
});

test('a frame is never enlarged, and full size is its own size', () => {
  assert.deepEqual(sendSize(101, 75, MODEL, SHRUNK), { width: 101, height: 75 });
  assert.deepEqual(sendSize(192, 192, MODEL, SHRUNK), { width: 192, height: 192 });
  const full = { full: true, maxPixels: 16e6 };
  assert.deepEqual(sendSize(1921, 1081, MODEL, full), { width: 1921, height: 1081 });
});

test('no frame has more pixels than the server accepts', () => {
  for (const full of [true, false]) {
    const { width, height } = sendSize(8000, 6000, { width: 7000, height: 5000 }, { full, maxPixels: 16e6 });
    assert.ok(width * height <= 16e6);
    assert.ok(Math.abs(width / height - 4 / 3) < 0.01);
  }
});

test('a model of any size gets 640 pixels on the longer side', () => {
  for (const model of [null, { width: null, height: null }]) {
    assert.deepEqual(sendSize(1920, 1080, model, SHRUNK), { width: 640, height: 360 });
    assert.deepEqual(sendSize(320, 240, model, SHRUNK), { width: 320, height: 240 });
  }
});

test('any downscaled size is even, covers the input and keeps the aspect ratio', () => {
  const random = dice(3);
  for (let i = 0; i < 5000; i += 1) {
    const [w, h] = [194 + random(4000), 194 + random(4000)];
    const { width, height } = sendSize(w, h, MODEL, { full: false, maxPixels: Infinity });
    assert.equal((width % 2) + (height % 2), 0);
    assert.ok(width >= 192 && height >= 192 && width <= w && height <= h);
    assert.ok(Math.abs((width * h) / (height * w) - 1) < 0.025, `${w}x${h} -> ${width}x${height}`);
  }
});

test('a box is drawn relative to its frame, not to the letterbox bars', () => {
  const rect = fit(640, 480, 1000, 480);
  assert.deepEqual(rect, { x: 180, y: 0, width: 640, height: 480 });
  assert.deepEqual(boxToRect([0.25, 0.5, 0.75, 1], rect), { x: 340, y: 240, width: 320, height: 240 });
});

test('a tag is above its box, inside it at the top edge, and never beyond the image', () => {
  const rect = { x: 0, y: 0, width: 100, height: 100 };
  const size = { width: 40, height: 20 };
  assert.deepEqual(tagPosition({ x: 10, y: 50, width: 30, height: 30 }, size, rect), { x: 10, y: 30 });
  assert.deepEqual(tagPosition({ x: 10, y: 5, width: 30, height: 30 }, size, rect), { x: 10, y: 5 });
  assert.deepEqual(tagPosition({ x: 90, y: -9, width: 30, height: 30 }, size, rect), { x: 60, y: 0 });
});

test('statistics cover the last five seconds', () => {
  const statistics = new Statistics();
  for (let at = 0; at < 10000; at += 50) {
    statistics.sent(at);
    statistics.answered(at, at < 5000 ? 1000 : 20, at < 5000 ? 1 : 3);
  }
  const { sentPerS, answeredPerS, p50Ms, p95Ms, batch } = statistics.snapshot(9999);
  assert.deepEqual([sentPerS, answeredPerS, p50Ms, p95Ms, batch], [20, 20, 20, 20, 3]);
  const later = statistics.snapshot(20000);
  assert.deepEqual([later.sentPerS, later.p50Ms, later.batch], [0, null, null]);
});

test('rates are right from the first second on', () => {
  const statistics = new Statistics();
  for (let at = 0; at <= 2000; at += 100) statistics.sent(100000 + at);
  assert.ok(Math.abs(statistics.snapshot(102000).sentPerS - 10) < 1);
});

test('quantiles are samples, by rank', () => {
  const statistics = new Statistics();
  for (let i = 1; i <= 100; i += 1) statistics.answered(1000, 101 - i, 1);
  const { p50Ms, p95Ms } = statistics.snapshot(1000);
  assert.deepEqual([p50Ms, p95Ms], [50, 95]);
});

test('losses are counted by reason, most frequent first', () => {
  const statistics = new Statistics();
  statistics.dropped('expired');
  statistics.dropped('overloaded');
  statistics.dropped('overloaded');
  statistics.failed('bad_frame', 'truncated');
  const { dropped, errors, lastError } = statistics.snapshot(0);
  assert.deepEqual(dropped, [
    ['overloaded', 2],
    ['expired', 1],
  ]);
  assert.deepEqual([errors, lastError], [[['bad_frame', 1]], 'truncated']);
});

test('the history has a point per half second, and a gap without results', () => {
  const statistics = new Statistics();
  let points;
  for (let at = 0; at < 60000; at += 100) {
    if (at < 50000 || at > 55000) statistics.answered(at, at / 1000, 1);
    if (at % 300 === 0) points = statistics.history(at);
  }
  assert.equal(points.length, 60);
  assert.equal(points.filter((point) => point === null).length, 10);
  const known = points.filter(Boolean);
  assert.ok(known.every(({ p50Ms, p95Ms }) => p50Ms <= p95Ms));
  assert.ok(known[0].p50Ms > 29 && known[0].p50Ms < 31);
});

const NORMAL = { loss: null, backendGone: false, stall: null, offline: false, paused: false, hidden: false };

/** The state that the page shows for a client's state and other conditions. */
const shown = (client, conditions = {}, now = 0) => describe({ ...NORMAL, client, ...conditions }, now);

test('one state is shown at a time, the most specific one', () => {
  const name = (client, conditions) => shown({ name: client }, conditions).name;
  const stall = { name: 'model' };
  assert.equal(name('ready', {}), 'ready');
  assert.equal(name('ready', { paused: true }), 'paused');
  assert.equal(name('ready', { paused: true, hidden: true }), 'hidden');
  assert.equal(name('ready', { backendGone: true, paused: true }), 'waiting');
  assert.equal(name('ready', { stall }), 'stalled');
  assert.equal(name('ready', { stall, backendGone: true }), 'waiting');
  assert.equal(name('ready', { stall, paused: true }), 'paused');
  for (const state of ['connecting', 'waiting', 'draining', 'refused', 'closed']) {
    assert.equal(name(state, { paused: true, backendGone: true }), state);
  }
});

test('a stall is explained by its cause', () => {
  for (const name of ['server', 'model', 'full', 'failing']) {
    const { key, more, values } = shown({ name: 'ready' }, { stall: { name, message: 'no' } });
    assert.deepEqual([key, more], [`state.stalled.${name}`, `state.stalled.${name}.more`]);
    assert.equal(values.message, 'no');
    assert.ok(key in MESSAGES.en && more in MESSAGES.en);
  }
});

test('a device without network is told so, unless its server still answers or is on the device', () => {
  const loss = { name: 'reconnecting', retryAt: 5000, code: 1006 };
  const name = (client, conditions) => shown(client, { ...conditions, offline: true }).name;
  assert.equal(name(loss, { loss }), 'offline');
  assert.equal(name({ name: 'connecting' }, { loss }), 'offline');
  assert.equal(name({ name: 'ready' }, { stall: { name: 'server' } }), 'offline');
  assert.equal(name({ name: 'ready' }, { stall: { name: 'model' } }), 'stalled');
  assert.equal(name({ name: 'ready' }), 'ready');
  assert.ok(isOffline('https://cameras.example/', false));
  assert.ok(!isOffline('https://cameras.example/', true));
  assert.ok(!isOffline('http://localhost:8888/', false));
});

test('waiting and reconnecting are one state, with a countdown in whole seconds', () => {
  const loss = { name: 'reconnecting', retryAt: 5000, code: 1006 };
  assert.deepEqual(shown(loss, { loss }, 1000).values, { seconds: 4 });
  assert.deepEqual(shown(loss, { loss }, 4999).values, { seconds: 1 });
  assert.equal(shown(loss, { loss }, 5000).key, 'state.reconnecting.now');
  const again = shown({ name: 'connecting' }, { loss }, 7000);
  assert.deepEqual([again.name, again.key, again.canRetry], ['reconnecting', 'state.reconnecting.now', true]);
  assert.equal(shown({ name: 'connecting' }).name, 'connecting');
});

test('a full server differs from one that is gone, also while the client tries again', () => {
  const loss = { name: 'reconnecting', retryAt: 1000, code: 1013 };
  const waiting = shown(loss, { loss });
  assert.deepEqual([waiting.name, waiting.key, waiting.more], ['full', 'state.full', 'state.full.more']);
  assert.deepEqual([waiting.values, waiting.canRetry], [{ seconds: 1 }, true]);
  const trying = shown({ name: 'connecting' }, { loss });
  assert.deepEqual([trying.name, trying.key], ['full', 'state.full.now']);
});

test('a server that asks for a token differs from one that rejects the client', () => {
  const asking = shown({ name: 'refused', code: 'unauthorized', message: 'no' });
  assert.deepEqual([asking.key, asking.asksToken, asking.canRetry], ['state.refused.token', true, false]);
  const rejecting = shown({ name: 'refused', code: 'bad_message', message: 'no' });
  assert.deepEqual([rejecting.key, rejecting.asksToken, rejecting.canRetry], ['state.refused', false, true]);
  assert.deepEqual(rejecting.values, { message: 'no' });
  assert.equal(tokenOf('#token=a.b-c'), 'a.b-c');
  assert.equal(tokenOf('#other'), null);
});

test('a model that the server does not have is named; otherwise waiting names the next step', () => {
  const message = 'no model x';
  const unknown = shown({ name: 'waiting', code: 'unknown_model', message });
  assert.deepEqual([unknown.key, unknown.values], ['state.waiting.model', { message }]);
  const waiting = shown({ name: 'waiting' });
  assert.deepEqual([waiting.key, waiting.more], ['state.waiting', 'state.waiting.more']);
});

test('a result is read for every task', () => {
  const model = { labels: ['zero', 'one'] };
  const boxes = { boxes: [[0, 0, 1, 1], [0, 0, 0.5, 0.5]], classes: [1, 7], scores: [0.4, 0.9] };
  assert.deepEqual(readPredictions(boxes, model, 0.5), {
    kind: 'boxes',
    items: [{ index: 7, name: '7', score: 0.9, box: [0, 0, 0.5, 0.5], opacity: 1 }],
  });
  assert.deepEqual(readPredictions(boxes, model, 0).items.map(({ name }) => name), ['7', 'one']);
  const classes = readPredictions({ classes: [0, 1], scores: [0.9, 0.1] }, model, 0);
  assert.deepEqual([classes.kind, classes.items.length], ['classes', 2]);
  const data = new Uint8Array(Float32Array.from({ length: 128 }, (_, i) => i / 4).buffer);
  const outputs = { embedding: { dtype: 'float32', shape: [1, 128], data } };
  assert.deepEqual(readPredictions({ outputs }, model, 0.5), {
    kind: 'tensors',
    items: [{ name: 'embedding', type: 'float32 [1, 128]', values: '0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, …' }],
  });
});

test('boxes keep up with a camera, unless the user wants less motion or has chosen otherwise', () => {
  const camera = { name: 'camera', isStill: false };
  const given = { source: camera, model: { task: 'detection' }, features: ['track'], isCalm: false, choice: null };
  assert.equal(modeOf(given), 'live');
  assert.equal(modeOf({ ...given, isCalm: true }), 'exact');
  assert.equal(modeOf({ ...given, isCalm: true, choice: 'live' }), 'live');
  assert.equal(modeOf({ ...given, choice: 'exact' }), 'exact');
  assert.equal(modeOf({ ...given, choice: 'nonsense' }), 'live');
  const scene = { name: 'scene', isStill: false };
  assert.equal(modeOf({ ...given, source: scene }), 'exact');
  assert.equal(modeOf({ ...given, source: scene, choice: 'live' }), 'live');
});

test('where boxes cannot keep up, there is nothing to choose', () => {
  const camera = { name: 'camera', isStill: false };
  const given = { source: camera, model: { task: 'detection' }, features: ['track'], isCalm: false, choice: 'live' };
  for (const missing of [
    { source: null },
    { source: { name: 'picture', isStill: true } },
    { model: null },
    { model: { task: 'classification' } },
    { features: [] },
  ]) assert.equal(modeOf({ ...given, ...missing }), null);
});

test('the boxes of an overlay are read as those of a result, with their opacity', () => {
  const box = [0, 0, 0.5, 0.5];
  const drawn = [{ id: 1, class: 7, score: 0.4, box, opacity: 1 }, { id: 2, class: 0, score: 0.9, box, opacity: 0.5 }];
  assert.deepEqual(readBoxes(drawn, ['zero'], 0.5), [{ id: 2, index: 0, name: 'zero', score: 0.9, box, opacity: 0.5 }]);
  assert.deepEqual(readBoxes(drawn, ['zero'], 0).map(({ name }) => name), ['zero', '7']);
});

test('every reason and error code has a text, so that no code is shown', () => {
  const codes = ['superseded', 'superseded_locally', 'expired', 'overtaken', 'rate_limited', 'overloaded', 'draining']
    .concat(['not_ready', 'disconnected', 'bad_frame', 'frame_too_large', 'unsupported_format', 'unknown_model'])
    .concat(['unusable_model', 'unauthorized', 'model_failed', 'backend_unavailable', 'other']);
  for (const code of codes) assert.ok(`lost.${code}` in MESSAGES.en, code);
});

test('twenty classes have twenty colours, neighbours far apart', () => {
  const colours = Array.from({ length: 20 }, (_, i) => classColour(i));
  assert.equal(new Set(colours).size, 20);
  const hues = colours.map((colour) => hueOf(hexBytes(colour)));
  for (let i = 1; i < hues.length; i += 1) {
    const apart = Math.abs(hues[i] - hues[i - 1]);
    assert.ok(Math.min(apart, 360 - apart) > 90);
  }
});

test('every tag is readable on its class’s colour', () => {
  const ink = luminance(TAG_INK.match(/\w\w/g).map((pair) => parseInt(pair, 16) / 255));
  for (let i = 0; i < 20; i += 1) {
    const ground = luminance(hexBytes(classColour(i)).map((byte) => byte / 255));
    assert.ok((ground + 0.05) / (ink + 0.05) >= 4.5, classColour(i)); // WCAG 2, AA
  }
});

function hueOf([red, green, blue]) {
  const most = Math.max(red, green, blue);
  const spread = most - Math.min(red, green, blue);
  if (most === red) return (60 * ((green - blue) / spread) + 360) % 360;
  return most === green ? 60 * ((blue - red) / spread) + 120 : 60 * ((red - green) / spread) + 240;
}

function luminance(rgb) {
  const [r, g, b] = rgb.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

test('both languages have the same messages with the same placeholders', () => {
  assert.deepEqual(Object.keys(MESSAGES.zh), Object.keys(MESSAGES.en));
  const slots = (text) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
  for (const key of Object.keys(MESSAGES.en)) {
    assert.deepEqual(slots(MESSAGES.zh[key]), slots(MESSAGES.en[key]), key);
    assert.ok(MESSAGES.zh[key].trim() && MESSAGES.en[key].trim(), key);
  }
});

test('every key that the page uses has a message, and the HTML holds the English ones', async () => {
  const pages = await Promise.all(PAGES.map((name) => readFile(new URL(name, PAGE), 'utf8')));
  const html = pages.join('\n');
  const used = [...html.matchAll(/data-(?:text|label|hint)="([^"]+)"/g)].map(([, key]) => key);
  const files = (await readdir(new URL('page/', PAGE), { recursive: true })).filter((name) => name.endsWith('.js'));
  for (const file of files.filter((name) => !name.startsWith('messages'))) {
    const source = await readFile(new URL(`page/${file}`, PAGE), 'utf8');
    const literal = /'((?:page|state|problem|source|option|areas|result|embedding|output|stat|lost|model|keys|hint|save|share|phone|sheet|missing)\.[\w.]+)'/g;
    used.push(...[...source.matchAll(literal)].map(([, key]) => key));
  }
  assert.ok(used.length > 60);
  for (const key of used) assert.ok(key in MESSAGES.en, key);
  for (const [, key, text] of html.matchAll(/data-text="([^"]+)"[^>]*>([^<]+)</g)) {
    assert.equal(text, MESSAGES.en[key], key);
  }
});

test('the language is the user’s choice, or the browser’s, or English', () => {
  const stored = new Map();
  const storage = { getItem: (key) => stored.get(key) ?? null, setItem: (key, value) => stored.set(key, value) };
  assert.equal(new Language(storage, null, ['zh-CN', 'en']).name, 'zh');
  assert.equal(new Language(storage, null, ['fr', 'zh-TW']).name, 'zh');
  assert.equal(new Language(null, null, ['fr']).name, 'en');
  assert.equal(new Language(storage, 'en', ['zh']).name, 'en');
  const language = new Language(storage, null, ['zh-CN']);
  language.change();
  assert.equal(language.name, 'en');
  assert.equal(new Language(storage, null, ['zh-CN']).name, 'en');
  assert.equal(language.text('state.reconnecting', { seconds: 3 }), 'Connection lost: retrying in 3\u00a0s');
  stored.set('framewire.language', 'constructor');
  assert.equal(new Language(storage, null, ['zh']).name, 'zh');
});

test('the page loads nothing from other hosts and has nothing inline', async () => {
  for (const name of PAGES) {
    const html = await readFile(new URL(name, PAGE), 'utf8');
    assert.doesNotMatch(html, /\bstyle=|\bon\w+=|<style|<script(?![^>]*\bsrc=)/);
    for (const [, address] of html.matchAll(/\b(?:src|href)="([^"]+)"/g)) {
      if (address.startsWith('#')) assert.match(html, new RegExp(`id="${address.slice(1)}"`));
      else await access(new URL(address.replace(/^static\//, ''), PAGE)); // beside the page, and there
    }
  }
  for (const file of (await readdir(PAGE, { recursive: true })).filter((name) => /\.(js|css)$/.test(name))) {
    const source = await readFile(new URL(file, PAGE), 'utf8');
    const names = /wss:\/\/example\.org|http:\/\/www\.w3\.org\/2000\/svg/g; // an example, and a namespace
    assert.doesNotMatch(source.replace(names, ''), /(https?|wss?):\/\//, file);
  }
});

test('a result of a task that the page does not know is read as nothing', () => {
  const spoken = { words: ['hello'], scores: [0.5] };
  assert.deepEqual(readPredictions(spoken, null, 0), { kind: 'classes', items: [] });
});

test('a box has the best word of its second model, or those of the boxes in it from left to right', () => {
  const faces = { classes: [1, 0], scores: [0.9, 0.1], labels: ['bob', 'ann'] };
  const digits = { boxes: [[0.5, 0, 0.6, 1], [0.1, 0, 0.2, 1]], classes: [7, 4], scores: [0.9, 0.8] };
  const answers = [faces, digits, { missing: 'expired' }, null];
  const [box, scores, classes] = [[0, 0, 1, 1], [0.9, 0.8, 0.7, 0.6], [0, 0, 0, 0]];
  const boxes = { boxes: [box, box, box, box], scores, classes, then: { model_version: 1, answers } };
  const { items } = readPredictions(boxes, { labels: ['face'] }, 0);
  assert.deepEqual(items.map(({ name }) => name), ['face · bob', 'face · 4 7', 'face', 'face']);
});
