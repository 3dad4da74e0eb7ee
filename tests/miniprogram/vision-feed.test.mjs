// VisionKit's frames to the client: native JPEG or scaled pixels, empties, and the session's life.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import jpeg from 'jpeg-js';

import { library } from './library.mjs';
import { VisionSession } from './phone/vision.mjs';
import { WebGlCanvas } from './phone/webgl.mjs';

const { VisionFeed, SourceSelector, boxRect, frameRect } = library();

const MODEL = { formats: ['jpeg', 'rgb'], width: 64, height: 64 };
const PREVIEW = { width: 360, height: 640 };

/** A camera's picture, black but for a white rectangle. */
function picture(width, height, [left, top, right, bottom]) {
  const pixels = new Uint32Array(width * height).fill(0xff000000);
  for (let y = top; y < bottom; y += 1) pixels.fill(0xffffffff, y * width + left, y * width + right);
  return { width, height, data: pixels.buffer };
}

/** A feed of a phone whose VisionKit has the given faults. */
function feedOf({ faults = {}, frame = picture(480, 640, [200, 300, 280, 340]), hasJpeg = true, model = MODEL } = {}) {
  const phone = {
    vision: { jpeg: true, pixels: true, status: 0, ...faults },
    visionSessions: new Set(),
    camera: { frame, present: () => frame },
  };
  globalThis.wx = {
    isVKSupport: (version) => version === 'v1',
    createVKSession: (options) => new VisionSession(phone, options),
  };
  const about = { offered: [], errors: [], abandoned: [], unusable: [], phone };
  const stats = () => ({ uplinkBytesPerS: null });
  const client = { model, wantsFrame: () => true, offer: (sent) => about.offered.push(sent), stats };
  const feed = new VisionFeed({
    client,
    preview: { ...PREVIEW, position: 'back' },
    hasJpeg,
    onError: ({ message }) => about.errors.push(message),
    onAbandoned: (encoding) => about.abandoned.push(encoding),
    onUnusable: (error) => about.unusable.push(error),
  });
  const canvas = Object.assign(new WebGlCanvas(), PREVIEW);
  return { feed, about, canvas };
}

const PATIENCE_MS = 10000;

async function until(holds) {
  for (const startedAt = Date.now(); !holds(); ) {
    assert.ok(Date.now() - startedAt < PATIENCE_MS, `never ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Where the white rectangle is in a JPEG, each 0 to 1. */
function found(data) {
  const { width, height, data: pixels } = jpeg.decode(data, { useTArray: true });
  const at = [];
  for (let i = 0; i < width * height; i += 1) if (pixels[4 * i] > 127) at.push(i);
  const [xs, ys] = [at.map((i) => i % width), at.map((i) => Math.floor(i / width))];
  return [Math.min(...xs) / width, Math.min(...ys) / height, (Math.max(...xs) + 1) / width, (Math.max(...ys) + 1) / height];
}

test('a native JPEG covers the model’s input in the shape of the preview, with its width rounded', async () => {
  const { feed, about, canvas } = feedOf();
  feed.start(canvas);
  await until(() => about.offered.length > 0);
  feed.stop();
  const [{ encoding, format, width, height, data, aspect, orientation }] = about.offered;
  assert.deepEqual([encoding, format, width, height], ['jpeg-native', 'jpeg', 64, 114]);
  assert.deepEqual([aspect, orientation], [480 / 640, { rotate: 0, mirror: false }]);
  assert.deepEqual({ ...jpeg.decode(data), data: null, exifBuffer: null }, { width, height, data: null, exifBuffer: null });
  assert.ok(canvas.drawn > 0);
});

for (const [width, height, place] of [
  [480, 640, [200, 300, 280, 340]], // wider than the preview: cropped at its sides
  [360, 900, [100, 300, 200, 420]], // taller: cropped above and below
]) {
  test(`what is at one place of a ${width}x${height} picture is drawn there on the preview`, async () => {
    const { feed, about, canvas } = feedOf({ frame: picture(width, height, place) });
    feed.start(canvas);
    await until(() => about.offered.length > 0);
    feed.stop();
    const [{ data, upright, aspect }] = about.offered;
    const box = boxRect(found(data), frameRect(upright, PREVIEW, aspect), false);
    const scale = Math.max(PREVIEW.width / width, PREVIEW.height / height);
    const [left, top] = [(PREVIEW.width - scale * width) / 2, (PREVIEW.height - scale * height) / 2];
    const wanted = [left + scale * place[0], top + scale * place[1], left + scale * place[2], top + scale * place[3]];
    const drawn = [box.x, box.y, box.x + box.width, box.y + box.height];
    drawn.forEach((edge, i) => assert.ok(Math.abs(edge - wanted[i]) < 6, `${drawn} is not ${wanted}`));
  });
}

test('however often the camera starts, its canvas holds one preview, and none once it has stopped', async () => {
  const { feed, about, canvas } = feedOf();
  for (let i = 0; i < 3; i += 1) {
    const before = canvas.drawn;
    feed.start(canvas);
    assert.equal(canvas.held.size, 2); // a program and a buffer
    await until(() => canvas.drawn > before);
    feed.stop();
    assert.equal(canvas.held.size, 0);
  }
  assert.deepEqual(about.unusable, []);
});

test('a phone that cannot compile the shaders keeps nothing of them', () => {
  const { feed, about, canvas } = feedOf();
  canvas.compiles = false;
  feed.start(canvas);
  assert.match(about.unusable[0].message, /cannot be compiled/);
  assert.equal(canvas.held.size, 0);
});

test('each encoding is tried, and then the feed knows what a frame costs', async () => {
  const { feed, about, canvas } = feedOf();
  feed.start(canvas);
  await until(() => feed.cost() !== null);
  feed.stop();
  const tried = new Set(about.offered.map(({ encoding }) => encoding));
  assert.deepEqual([...tried], ['jpeg-native', 'jpeg-js', 'rgb']);
  const rgb = about.offered.find(({ encoding }) => encoding === 'rgb');
  assert.deepEqual([rgb.width, rgb.height, rgb.data.length], [64, 64, 3 * 64 * 64]);
  assert.deepEqual([rgb.upright.width, rgb.upright.height], [64, 114]);
});

test('empty JPEGs are left for pixels, and reported to be remembered', async () => {
  const { feed, about, canvas } = feedOf({ faults: { jpeg: false } });
  feed.start(canvas);
  await until(() => about.offered.length > 2);
  feed.stop();
  assert.deepEqual([about.abandoned, about.unusable, about.errors], [['jpeg-native'], [], []]);
  assert.ok(about.offered.every(({ encoding }) => encoding !== 'jpeg-native'));
});

test('a phone that has returned empty JPEGs before is not asked for one', async () => {
  const { feed, about, canvas } = feedOf({ hasJpeg: false });
  feed.start(canvas);
  await until(() => about.offered.length > 2);
  feed.stop();
  assert.ok(about.offered.every(({ encoding }) => encoding !== 'jpeg-native'));
});

test('without JPEG and pixels the feed releases the camera and says so', async () => {
  const { feed, about, canvas } = feedOf({ faults: { jpeg: false, pixels: false } });
  feed.start(canvas);
  await until(() => about.unusable.length > 0);
  assert.equal(about.phone.visionSessions.size, 0);
  assert.deepEqual([about.unusable[0].isRefusal, about.unusable[0].isPassing], [false, false]);
  assert.deepEqual(about.offered, []);
});

test('a model that accepts neither JPEG nor RGB is not VisionKit’s fault', async () => {
  const { feed, about, canvas } = feedOf({ model: { ...MODEL, formats: ['png'] } });
  feed.start(canvas);
  await until(() => about.errors.length > 0);
  feed.stop();
  assert.deepEqual(about.unusable, []);
});

for (const [status, isRefusal, isPassing] of [
  [104, true, false],
  [2003002, true, false],
  [2000000, false, true],
  [2000004, false, false],
]) {
  test(`a session that does not start, with status ${status}`, async () => {
    const { feed, about, canvas } = feedOf({ faults: { status } });
    feed.start(canvas);
    await until(() => about.unusable.length > 0);
    const [error] = about.unusable;
    assert.deepEqual([error.status, error.isRefusal, error.isPassing], [status, isRefusal, isPassing]);
    assert.match(error.message, new RegExp(status));
    assert.equal(about.phone.visionSessions.size, 0);
  });
}

test('a session without frames is left for now, and one with frames is not', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  for (const [frame, errors] of [
    [null, ['VisionKit delivers no frames']],
    [undefined, []],
  ]) {
    const { feed, about, canvas } = feedOf({ frame });
    feed.start(canvas);
    for (let i = 0; i < 600; i += 1) t.mock.timers.tick(16);
    assert.deepEqual(about.unusable.map(({ message }) => message), errors);
    assert.ok(about.unusable.every(({ isPassing, isRefusal }) => isPassing && !isRefusal));
    feed.stop();
    assert.equal(about.phone.visionSessions.size, 0);
  }
});

test('a session whose frames stop, as during a call, is started anew, and left if none come then', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const { feed, about, canvas } = feedOf();
  const camera = about.phone.camera;
  const { present } = camera;
  const wait = (ms) => {
    for (let passed = 0; passed < ms; passed += 16) t.mock.timers.tick(16);
  };
  let sessions = 0;
  const { createVKSession } = globalThis.wx;
  globalThis.wx.createVKSession = (options) => createVKSession(options, (sessions += 1));
  feed.start(canvas);
  wait(20000);
  assert.deepEqual([sessions, about.unusable], [1, []]);
  camera.present = () => null;
  wait(17000);
  assert.deepEqual([sessions, about.phone.visionSessions.size, about.unusable], [2, 1, []]);
  camera.present = present;
  const sent = about.offered.length;
  wait(20000);
  assert.deepEqual([sessions, about.unusable, about.offered.length > sent], [2, [], true]);
  camera.present = () => null;
  wait(30000);
  assert.deepEqual([sessions, about.unusable.length, about.unusable[0].isPassing], [3, 1, true]);
  assert.equal(about.phone.visionSessions.size, 0);
});

test('frames that come before the camera has a picture are not taken for empty ones', async () => {
  const { feed, about, canvas } = feedOf({ faults: { early: 5 } });
  feed.start(canvas);
  await until(() => about.offered.length > 2);
  feed.stop();
  assert.deepEqual(about.abandoned, []);
  assert.equal(about.offered[0].encoding, 'jpeg-native');
});

test('a session that WeChat does not create is reported', () => {
  const { feed, about, canvas } = feedOf();
  globalThis.wx.createVKSession = () => {
    throw new Error('createVKSession:fail The current device does not support version "v1"');
  };
  feed.start(canvas);
  assert.match(about.unusable[0].message, /does not support/);
});

test('a feed that is stopped before its session has started stays stopped', async () => {
  const { feed, about, canvas } = feedOf();
  feed.start(canvas);
  feed.stop();
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(canvas.drawn, 0);
  assert.deepEqual(about.offered, []);
  feed.start(canvas);
  feed.start(canvas);
  await until(() => about.offered.length > 0);
  assert.equal(about.phone.visionSessions.size, 1);
  feed.stop();
  assert.equal(about.phone.visionSessions.size, 0);
});

test('a photo is what the preview shows, in the camera’s resolution', async () => {
  const { feed, canvas } = feedOf({ frame: picture(960, 1280, [400, 600, 560, 680]) });
  assert.equal(await feed.photo(), null);
  feed.start(canvas);
  const photo = await feed.photo();
  const { width, height } = jpeg.decode(photo, { useTArray: true });
  assert.deepEqual([width, height], [720, 1280]);
  const stopped = feed.photo();
  feed.stop();
  assert.equal(await stopped, null);
  const without = feedOf({ faults: { jpeg: false } });
  without.feed.start(without.canvas);
  assert.equal(await without.feed.photo(), null);
  without.feed.stop();
});

test('frames that the user rotates are not sent as native JPEG, which cannot be rotated', async () => {
  const { feed, about, canvas } = feedOf();
  feed.setPreview({ rotate: 180 });
  feed.start(canvas);
  await until(() => about.offered.length > 2);
  feed.stop();
  assert.ok(about.offered.every(({ encoding }) => encoding !== 'jpeg-native'));
});

test('each source is tried once; then the cheaper one is used, also after a restart', () => {
  const kept = [];
  const remember = (memory) => kept.push(JSON.parse(JSON.stringify(memory)));
  const sources = new SourceSelector({ remember });
  const both = ['vision', 'camera'];
  assert.equal(sources.select(both), 'vision');
  sources.measured('vision', 30);
  assert.equal(sources.select(both), 'camera');
  sources.measured('camera', 12);
  assert.equal(sources.select(both), 'camera');
  sources.measured('camera', 40);
  assert.equal(sources.select(both), 'vision');
  assert.equal(new SourceSelector({ memory: kept.pop(), remember }).select(both), 'vision');
});

test('a source that fails is left for good, or until the next start if it may work then', () => {
  const kept = [];
  const remember = (memory) => kept.push(memory);
  const both = ['vision', 'camera'];
  for (const isForGood of [true, false]) {
    const sources = new SourceSelector({ remember });
    sources.failed('vision', isForGood);
    assert.equal(sources.select(both), 'camera');
    assert.equal(new SourceSelector({ memory: kept.pop(), remember }).select(both), isForGood ? 'camera' : 'vision');
  }
  const sources = new SourceSelector({ remember });
  sources.jpegFailed();
  assert.equal(new SourceSelector({ memory: kept.pop(), remember }).hasJpeg, false);
});
