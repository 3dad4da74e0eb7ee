// The page's parts that need no browser: sizes, places, statistics, states, answers and words.

import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { test } from 'node:test';

import { readPredictions } from '../../static/page/predictions.js';
import { roundTop } from '../../static/page/chart.js';
import { Statistics } from '../../static/client/statistics.js';
import { boxToRect, fit, sendSize, tagPosition } from '../../static/client/geometry.js';
import { Language } from '../../static/page/language.js';
import { classColour, TAG_INK } from '../../static/page/overlay.js';
import { describe } from '../../static/page/status.js';
import { tokenOf } from '../../static/page/token.js';
import { MESSAGES } from '../../static/page/messages.js';
import { dice } from './puppet.mjs';

const PAGE = new URL('../../static/', import.meta.url);
const MODEL = { width: 192, height: 192 };
const SHRUNK = { full: false, maxPixels: 16e6 };

test('a frame is shrunk until both sides just cover the model', () => {
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

test('no frame has more pixels than the server takes', () => {
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

test('any shrunk size is even, covers the model and keeps the aspect', () => {
  const random = dice(3);
  for (let i = 0; i < 5000; i += 1) {
    const [w, h] = [194 + random(4000), 194 + random(4000)];
    const { width, height } = sendSize(w, h, MODEL, { full: false, maxPixels: Infinity });
    assert.equal((width % 2) + (height % 2), 0);
    assert.ok(width >= 192 && height >= 192 && width <= w && height <= h);
    assert.ok(Math.abs((width * h) / (height * w) - 1) < 0.025, `${w}x${h} -> ${width}x${height}`);
  }
});

test('a box lands where its frame is drawn, bars beside the picture left out', () => {
  const place = fit(640, 480, 1000, 480);
  assert.deepEqual(place, { x: 180, y: 0, width: 640, height: 480 });
  assert.deepEqual(boxToRect([0.25, 0.5, 0.75, 1], place), { x: 340, y: 240, width: 320, height: 240 });
});

test('a tag stands above its box, inside it at the top edge, and never beyond the picture', () => {
  const place = { x: 0, y: 0, width: 100, height: 100 };
  const size = { width: 40, height: 20 };
  assert.deepEqual(tagPosition({ x: 10, y: 50, width: 30, height: 30 }, size, place), { x: 10, y: 30 });
  assert.deepEqual(tagPosition({ x: 10, y: 5, width: 30, height: 30 }, size, place), { x: 10, y: 5 });
  assert.deepEqual(tagPosition({ x: 90, y: -9, width: 30, height: 30 }, size, place), { x: 60, y: 0 });
});

test('statistics are those of the last five seconds', () => {
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

test('losses are counted by name, the most frequent first', () => {
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

test('the curve has a point for each half second, a gap where nothing was answered', () => {
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

test('the curve’s upper edge is a round number', () => {
  assert.deepEqual([0, 50, 51, 150, 400, 501, 3000].map(roundTop), [50, 50, 100, 200, 500, 1000, 4000]);
});

test('one state is told at a time, the most telling one', () => {
  const calm = { backendGone: false, paused: false, hidden: false };
  const name = (client, more) => describe({ client: { name: client }, ...calm, ...more }, 0).name;
  assert.equal(name('ready', {}), 'ready');
  assert.equal(name('ready', { paused: true }), 'paused');
  assert.equal(name('ready', { paused: true, hidden: true }), 'hidden');
  assert.equal(name('ready', { backendGone: true, paused: true }), 'waiting');
  assert.equal(name('ready', { silence: { name: 'model' } }), 'silent');
  assert.equal(name('ready', { silence: { name: 'model' }, backendGone: true }), 'waiting');
  assert.equal(name('ready', { silence: { name: 'model' }, paused: true }), 'paused');
  for (const state of ['connecting', 'waiting', 'draining', 'refused', 'closed']) {
    assert.equal(name(state, { paused: true, backendGone: true }), state);
  }
});

test('why nothing is answered is told by name', () => {
  const about = { client: { name: 'ready' }, backendGone: false, paused: false, hidden: false };
  for (const name of ['server', 'model', 'full', 'failing']) {
    const { key, more, values } = describe({ ...about, silence: { name, message: 'no' } }, 0);
    assert.deepEqual([key, more], [`state.silent.${name}`, `state.silent.${name}.more`]);
    assert.equal(values.message, 'no');
    assert.ok(key in MESSAGES.en && more in MESSAGES.en);
  }
});

test('the tries of a client that comes back are one state, counted down and told once', () => {
  const about = { isRetry: true, backendGone: false, silence: null, paused: false, hidden: false };
  const { name, key, retry } = describe({ client: { name: 'connecting' }, ...about }, 7000);
  assert.deepEqual([name, key, retry], ['reconnecting', 'state.reconnecting.now', true]);
  const first = describe({ client: { name: 'connecting' }, ...about, isRetry: false }, 7000);
  assert.equal(first.name, 'connecting');
});

test('a server that asks for a token is told apart from one that refuses', () => {
  const told = (code) =>
    describe({ client: { name: 'refused', code, message: 'no' }, backendGone: false, paused: false, hidden: false }, 0);
  assert.deepEqual(
    { ...told('unauthorized'), more: null },
    { name: 'refused', key: 'state.refused.token', more: null, values: { message: 'no' }, retry: false, asksToken: true },
  );
  assert.equal(told('bad_message').asksToken, false);
  assert.equal(told('bad_message').retry, true);
  assert.equal(tokenOf('#token=a.b-c'), 'a.b-c');
  assert.equal(tokenOf('#other'), null);
});

test('the count-down goes by whole seconds and ends in words', () => {
  const client = { name: 'reconnecting', retryAt: 5000 };
  const at = (now) => describe({ client, backendGone: false, paused: false, hidden: false }, now);
  assert.deepEqual(at(1000).values, { seconds: 4 });
  assert.deepEqual(at(4999).values, { seconds: 1 });
  assert.equal(at(5000).key, 'state.reconnecting.now');
  assert.equal(at(1000).retry, true);
});

test('a reason that the server gave is told', () => {
  const calm = { backendGone: false, paused: false, hidden: false };
  const message = 'no model x';
  const waiting = describe({ client: { name: 'waiting', message }, ...calm }, 0);
  assert.deepEqual([waiting.more, waiting.values], ['state.waiting.reason', { message }]);
  const full = describe({ client: { name: 'reconnecting', retryAt: 1000, code: 1013 }, ...calm }, 0);
  assert.deepEqual([full.more, full.values], ['state.reconnecting.full', { seconds: 1 }]);
});

test('an answer is read for every task', () => {
  const labels = ['zero', 'one'];
  const boxes = { boxes: [[0, 0, 1, 1], [0, 0, 0.5, 0.5]], classes: [1, 7], scores: [0.4, 0.9] };
  assert.deepEqual(readPredictions(boxes, labels, 0.5), {
    kind: 'boxes',
    findings: [{ index: 7, name: '7', score: 0.9, box: [0, 0, 0.5, 0.5] }],
  });
  assert.deepEqual(
    readPredictions(boxes, labels, 0).findings.map((finding) => finding.name),
    ['7', 'one'],
  );
  const classes = readPredictions({ classes: [0, 1], scores: [0.9, 0.1] }, labels, 0);
  assert.deepEqual([classes.kind, classes.findings.length], ['classes', 2]);
  const outputs = { embedding: { dtype: 'float32', shape: [1, 128], data: new Uint8Array(512) } };
  assert.deepEqual(readPredictions({ outputs }, labels, 0.5), {
    kind: 'tensors',
    findings: [{ name: 'embedding', dtype: 'float32', shape: [1, 128] }],
  });
});

test('twenty classes have twenty colours, neighbours far apart', () => {
  const colours = Array.from({ length: 20 }, (_, i) => classColour(i));
  assert.equal(new Set(colours).size, 20);
  const hues = colours.map((colour) => Number(colour.match(/\(([\d.]+)/)[1]));
  for (let i = 1; i < hues.length; i += 1) {
    const apart = Math.abs(hues[i] - hues[i - 1]);
    assert.ok(Math.min(apart, 360 - apart) > 90);
  }
});

test('every tag can be read on its class’s colour', () => {
  const ink = luminance(TAG_INK.match(/\w\w/g).map((pair) => parseInt(pair, 16) / 255));
  for (let i = 0; i < 20; i += 1) {
    const [hue, saturation, lightness] = classColour(i).match(/[\d.]+/g).map(Number);
    const ground = luminance(toRgb(hue, saturation / 100, lightness / 100));
    assert.ok((ground + 0.05) / (ink + 0.05) >= 4.5, classColour(i)); // WCAG 2, AA
  }
});

function toRgb(hue, saturation, lightness) {
  const reach = saturation * Math.min(lightness, 1 - lightness);
  return [0, 8, 4].map((n) => {
    const k = (n + hue / 30) % 12;
    return lightness - reach * Math.max(-1, Math.min(k - 3, 9 - k, 1));
  });
}

function luminance(rgb) {
  const [r, g, b] = rgb.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

test('both languages say the same things, with the same values', () => {
  assert.deepEqual(Object.keys(MESSAGES.zh), Object.keys(MESSAGES.en));
  const slots = (text) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
  for (const key of Object.keys(MESSAGES.en)) {
    assert.deepEqual(slots(MESSAGES.zh[key]), slots(MESSAGES.en[key]), key);
    assert.ok(MESSAGES.zh[key].trim() && MESSAGES.en[key].trim(), key);
  }
});

test('every key that the page uses has words, and the HTML says the English ones', async () => {
  const html = await readFile(new URL('index.html', PAGE), 'utf8');
  const used = [...html.matchAll(/data-(?:text|label|hint)="([^"]+)"/g)].map(([, key]) => key);
  const files = (await readdir(new URL('page/', PAGE), { recursive: true })).filter((name) => name.endsWith('.js'));
  for (const file of files.filter((name) => name !== 'messages.js')) {
    const source = await readFile(new URL(`page/${file}`, PAGE), 'utf8');
    const literal = /'((?:page|state|problem|source|choice|found|figure|lost|model|keys)\.[\w.]+)'/g;
    used.push(...[...source.matchAll(literal)].map(([, key]) => key));
  }
  assert.ok(used.length > 60);
  for (const key of used) assert.ok(key in MESSAGES.en, key);
  for (const [, key, text] of html.matchAll(/data-text="([^"]+)"[^>]*>([^<]+)</g)) {
    assert.equal(text, MESSAGES.en[key], key);
  }
});

test('the language is the reader’s choice, else the browser’s, else English', () => {
  const kept = new Map();
  const storage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
  assert.equal(new Language(storage, ['zh-CN', 'en']).name, 'zh');
  assert.equal(new Language(storage, ['fr', 'zh-TW']).name, 'zh');
  assert.equal(new Language(null, ['fr']).name, 'en');
  const language = new Language(storage, ['zh-CN']);
  language.change();
  assert.equal(language.name, 'en');
  assert.equal(new Language(storage, ['zh-CN']).name, 'en');
  assert.equal(language.text('state.reconnecting', { seconds: 3 }), 'Server gone: reconnecting in 3 s');
  kept.set('framewire.language', 'constructor');
  assert.equal(new Language(storage, ['zh']).name, 'zh');
});

test('the page loads nothing from elsewhere and has nothing inline', async () => {
  const html = await readFile(new URL('index.html', PAGE), 'utf8');
  assert.doesNotMatch(html, /\bstyle=|\bon\w+=|<style|<script(?![^>]*\bsrc=)/);
  for (const [, address] of html.matchAll(/\b(?:src|href)="([^"]+)"/g)) {
    assert.match(address, /^static\/[\w./-]+$/);
  }
  for (const file of (await readdir(PAGE, { recursive: true })).filter((name) => /\.(js|css)$/.test(name))) {
    const source = await readFile(new URL(file, PAGE), 'utf8');
    assert.doesNotMatch(source.replace(/wss:\/\/example\.org/g, ''), /(https?|wss?):\/\//, file);
  }
});
