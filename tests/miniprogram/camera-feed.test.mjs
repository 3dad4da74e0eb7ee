// Camera frames to the client: only wanted ones, the newest, one at a time.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { library } from './library.mjs';

const { CameraFeed } = library('camera-feed');

const MODEL = { formats: ['jpeg', 'rgb'], width: 32, height: 32 };
const FRAME = { width: 48, height: 64, data: new ArrayBuffer(4 * 48 * 64) };

/** A feed with a client that the test controls. `wx` is what the phone provides. */
function feedOf({ wx = {}, canvas = null, fit = undefined, model = MODEL, worker = undefined } = {}) {
  globalThis.wx = wx;
  const about = { time: 0, wants: true, offered: [], errors: [], uplink: null, step: 0, model };
  const client = {
    get model() {
      return about.model;
    },
    wantsFrame: () => about.wants,
    offer: (frame) => about.offered.push(frame),
    stats: () => ({ uplinkBytesPerS: about.uplink }),
  };
  const now = () => (about.time += about.step);
  const onError = ({ message }) => about.errors.push(message);
  const preview = { width: 375, height: 667 };
  const feed = new CameraFeed({ client, preview, canvas, fit, now, onError, worker });
  return { feed, about };
}

test('a frame is sent in the model’s size, with its orientation', () => {
  const { feed, about } = feedOf({ model: { ...MODEL, formats: ['rgb'] } });
  feed.push(FRAME);
  const [{ format, width, height, data, captured_at: at, orientation, upright }] = about.offered;
  assert.deepEqual([format, width, height, data.length, at], ['rgb', 32, 32, 3072, 0]);
  assert.deepEqual(orientation, { rotate: 0, mirror: false });
  assert.deepEqual(upright, { width: 48, height: 64 });
});

test('a frame keeps its aspect ratio for a model that letterboxes, and is never enlarged', () => {
  const letterbox = { ...MODEL, resize: 'letterbox' };
  for (const [options, size] of [
    [{ model: letterbox }, [32, 44]],
    [{ fit: 'cover' }, [32, 44]],
    [{ model: letterbox, fit: 'stretch' }, [32, 32]],
  ]) {
    const { feed, about } = feedOf(options);
    feed.push({ width: 96, height: 128, data: new ArrayBuffer(4 * 96 * 128) });
    assert.deepEqual([about.offered[0].width, about.offered[0].height], size);
  }
  const large = feedOf({ model: { ...MODEL, width: 640, height: 640 } });
  large.feed.push(FRAME);
  assert.deepEqual([large.about.offered[0].width, large.about.offered[0].height], [48, 64]);
});

test('unwanted frames are not encoded, and without a model none is', () => {
  const { feed, about } = feedOf();
  about.wants = false;
  feed.push(FRAME);
  about.wants = true;
  about.model = null;
  feed.push(FRAME);
  assert.deepEqual([about.offered, about.errors], [[], []]);
});

test('encoding takes at most half of the time', () => {
  const { feed, about } = feedOf();
  about.step = 20; // per call of the clock, as if encoding took that long
  for (let i = 0; i < 50; i += 1) {
    feed.push(FRAME);
    about.time += 1;
  }
  const spent = about.offered.reduce((sum, { encodeMs }) => sum + encodeMs, 0);
  assert.ok(about.offered.length > 5);
  assert.ok(spent <= 0.5 * about.time, `${spent} of ${about.time} ms`);
});

test('frames are skipped while one is encoded, and an encoding that fails is abandoned', async () => {
  const pixels = { createImageData: () => ({ data: new Uint8ClampedArray(4096) }), putImageData() {} };
  const canvas = { width: 0, height: 0, getContext: () => pixels };
  const waiting = [];
  const wx = {
    canvasToTempFilePath: (options) => waiting.push(options),
    getFileSystemManager: () => ({
      readFile: ({ success }) => success({ data: new Uint8Array([1, 2, 3]).buffer }),
      unlink: ({ filePath }) => (wx.removed = filePath),
    }),
  };
  const { feed, about } = feedOf({ wx, canvas });
  for (let i = 0; i < 5; i += 1) feed.push(FRAME);
  assert.equal(waiting.length, 1);
  waiting.pop().success({ tempFilePath: 'a.jpg' });
  await new Promise(setImmediate);
  assert.deepEqual(about.offered[0].data, new Uint8Array([1, 2, 3]));
  assert.equal(wx.removed, 'a.jpg');
  for (let i = 0; i < 2; i += 1) {
    feed.push(FRAME);
    waiting.pop().fail({ errMsg: 'canvasToTempFilePath:fail' });
    await new Promise(setImmediate);
  }
  feed.push(FRAME); // that encoding is closed, and the next one is used
  assert.deepEqual(about.errors, []);
  assert.equal(about.offered[1].encoding, 'jpeg-js');
});

test('a canvas that returns an empty JPEG is abandoned, and its file is deleted, even one that cannot be read', async () => {
  const pen = { createImageData: () => ({ data: new Uint8ClampedArray(4096) }), putImageData() {} };
  const removed = [];
  for (const [read, toDataURL] of [
    [({ success }) => success({ data: new ArrayBuffer(0) })],
    [({ fail }) => fail({ errMsg: 'readFile:fail' })],
    [null, () => 'data:image/jpeg;base64,'],
  ]) {
    const files = {
      canvasToTempFilePath: ({ success }) => success({ tempFilePath: 'a.jpg' }),
      getFileSystemManager: () => ({ readFile: read, unlink: ({ filePath }) => removed.push(filePath) }),
    };
    const { feed, about } = feedOf({ wx: read ? files : {}, canvas: { getContext: () => pen, toDataURL } });
    for (let i = 0; i < 3; i += 1) {
      feed.push(FRAME);
      await new Promise(setImmediate);
    }
    assert.deepEqual(about.offered.map(({ encoding }) => encoding), ['jpeg-js']);
  }
  assert.equal(removed.length, 4);
});

test('a canvas that never calls back does not block later frames', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const pen = { createImageData: () => ({ data: new Uint8ClampedArray(4096) }), putImageData() {} };
  const asked = [];
  const wx = { canvasToTempFilePath: (options) => asked.push(options), getFileSystemManager: () => ({}) };
  const { feed, about } = feedOf({ wx, canvas: { getContext: () => pen } });
  for (let i = 0; i < 2; i += 1) {
    feed.push(FRAME);
    t.mock.timers.tick(2000);
    await new Promise(setImmediate);
  }
  feed.push(FRAME);
  assert.equal(asked.length, 2);
  assert.deepEqual(about.offered.map(({ encoding }) => encoding), ['jpeg-js']);
});

test('frames of odd sizes, and smaller than the model’s input, are encoded', () => {
  for (const [width, height] of [[1, 1], [31, 47], [287, 351], [353, 289], [33, 641]]) {
    const { feed, about } = feedOf();
    for (let i = 0; i < 8; i += 1) feed.push({ width, height, data: new ArrayBuffer(4 * width * height) });
    assert.deepEqual(about.errors, [], `${width} x ${height}`);
    assert.equal(about.offered.length, 8);
  }
});

test('a frame whose length does not match its size is an error, not a crash', () => {
  const { feed, about } = feedOf();
  feed.push({ ...FRAME, data: new ArrayBuffer(12) });
  assert.match(about.errors[0], /expected a frame of 48 x 64, got 12 bytes/);
  feed.push(FRAME);
  assert.equal(about.offered.length, 1);
});

test('frames get smaller on a slow uplink', () => {
  const { feed, about } = feedOf({ model: { ...MODEL, width: 40, height: 60, formats: ['rgb'] } });
  about.uplink = 20000; // a frame of 7200 bytes keeps it busy for 360 ms
  for (let i = 0; i < 100; i += 1) {
    feed.push(FRAME);
    about.time += 100;
  }
  const { width, height } = about.offered[about.offered.length - 1];
  assert.deepEqual([width, height], [32, 32]); // not below the minimum side
});

test('the feed has one listener on the camera, and removes it when it stops', () => {
  const { feed } = feedOf();
  const calls = [];
  const camera = {
    onCameraFrame: () => ({ start: () => calls.push('start'), stop: () => calls.push('stop') }),
  };
  feed.start(camera);
  feed.start(camera);
  feed.stop();
  feed.stop();
  assert.deepEqual(calls, ['start', 'stop', 'start', 'stop']);
});

test('a canvas without JPEG is abandoned silently, and malformed frames close no encoding', () => {
  const pen = { createImageData: () => ({ data: new Uint8ClampedArray(4096) }), putImageData() {} };
  const canvas = { getContext: () => pen, toDataURL: () => 'data:image/png;base64,AAAA' };
  const { feed, about } = feedOf({ canvas });
  for (let i = 0; i < 4; i += 1) feed.push({ ...FRAME, data: new ArrayBuffer(12) });
  assert.equal(about.errors.length, 4);
  for (let i = 0; i < 4; i += 1) feed.push(FRAME);
  assert.equal(about.errors.length, 4);
  assert.deepEqual(about.offered.map(({ encoding }) => encoding), ['jpeg-js', 'jpeg-js']);
});

test('a model whose formats this phone cannot produce is an error', () => {
  const { feed, about } = feedOf({ model: { ...MODEL, formats: ['png'] } });
  feed.push(FRAME);
  assert.match(about.errors[0], /cannot encode frames in a format that the model accepts/);
});

test('large frames of an encoding that is only tried do not make the others smaller', () => {
  const { feed, about } = feedOf({ model: { ...MODEL, width: 40, height: 60 } });
  about.uplink = 40000; // 7200 bytes of RGB keep it busy for 180 ms, a JPEG for less than 30
  for (let i = 0; i < 100; i += 1) {
    feed.push(FRAME);
    about.time += 100;
  }
  assert.ok(about.offered.some(({ encoding }) => encoding === 'rgb'));
  assert.ok(about.offered.every(({ width, height }) => width === 40 && height === 60));
});

/** An iPhone whose Worker the test controls, and a camera that it delivers frames for. */
function iphone() {
  const about = { created: [], terminated: 0, starts: [], deliver: null };
  const wx = {
    getDeviceInfo: () => ({ platform: 'ios' }),
    createWorker: (path, { useExperimentalWorker }) => {
      const worker = { path, useExperimentalWorker, asked: [] };
      worker.onMessage = (act) => (worker.reply = act);
      worker.onProcessKilled = (act) => (worker.kill = act);
      worker.postMessage = (request) => worker.asked.push(request);
      worker.terminate = () => (about.terminated += 1);
      about.created.push(worker);
      return worker;
    },
  };
  const camera = {
    onCameraFrame: (act) => {
      about.deliver = act;
      return { start: ({ worker }) => about.starts.push(worker), stop: () => {} };
    },
  };
  return { wx, camera, about };
}

test('on iOS a Worker takes the frames and encodes them; a phone that does it elsewhere has none', async () => {
  const { wx, camera, about: phone } = iphone();
  const { feed, about } = feedOf({ wx, worker: 'workers/encoder.js' });
  feed.start(camera);
  const [worker] = phone.created;
  assert.deepEqual([worker.path, worker.useExperimentalWorker, phone.starts], ['workers/encoder.js', true, [worker]]);
  phone.deliver(FRAME);
  const [{ id, format, from, to, rotate, mirror }] = worker.asked;
  assert.deepEqual([format, from, to], ['jpeg', { width: 48, height: 64 }, { width: 32, height: 32 }]);
  assert.deepEqual([rotate, mirror], [0, false]);
  worker.reply({ id, data: new Uint8Array([1, 2]).buffer });
  await new Promise(setImmediate);
  assert.deepEqual([about.offered[0].encoding, [...about.offered[0].data]], ['jpeg-worker', [1, 2]]);
  feed.stop();
  assert.equal(phone.terminated, 1);
  const android = feedOf({ wx: { ...wx, getDeviceInfo: () => ({ platform: 'android' }) }, worker: 'workers/encoder.js' });
  android.feed.start(camera);
  assert.equal(phone.created.length, 1);
});

test('a Worker that fails is left for the encodings of the page', async () => {
  const { wx, camera, about: phone } = iphone();
  const { feed, about } = feedOf({ wx, worker: 'workers/encoder.js' });
  feed.start(camera);
  const [worker] = phone.created;
  for (let i = 0; i < 4; i += 1) {
    phone.deliver(FRAME);
    worker.reply({ id: worker.asked[i].id, error: 'getCameraFrameData is not a function' });
    await new Promise(setImmediate);
  }
  phone.deliver(FRAME);
  feed.stop();
  assert.deepEqual(about.offered.map(({ encoding }) => encoding), ['jpeg-js']);
});

test('a Worker that the system ends is replaced, and left after the third time', async () => {
  const { wx, camera, about: phone } = iphone();
  const { feed, about } = feedOf({ wx, worker: 'workers/encoder.js' });
  feed.start(camera);
  phone.deliver(FRAME); // in the Worker when it ends
  for (let i = 0; i < 3; i += 1) phone.created[i].kill();
  await new Promise(setImmediate);
  assert.deepEqual([phone.created.length, phone.starts.length, phone.starts[3]], [3, 4, undefined]);
  for (let i = 0; i < 5; i += 1) {
    phone.deliver(FRAME);
    await new Promise(setImmediate);
  }
  feed.stop();
  assert.ok(about.offered.some(({ encoding }) => encoding === 'jpeg-js'));
});

test('a camera that is silent with a Worker is started without', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { wx, camera, about: phone } = iphone();
  const { feed } = feedOf({ wx, worker: 'workers/encoder.js' });
  feed.start(camera);
  t.mock.timers.tick(3000);
  assert.deepEqual([phone.starts.length, phone.starts[1], phone.terminated], [2, undefined, 1]);
  feed.stop();
});

test('a Worker that cannot be created costs no frame, and one of an older WeChat does not stay behind', () => {
  for (const [create, terminated] of [
    [() => assert.fail('createWorker:fail exceed max concurrent worker limit'), 0],
    [(worker) => delete worker.onProcessKilled, 1],
  ]) {
    const { wx, camera, about: phone } = iphone();
    const { createWorker } = wx;
    wx.createWorker = (...details) => {
      const worker = createWorker(...details);
      create(worker);
      return worker;
    };
    const { feed } = feedOf({ wx, worker: 'workers/encoder.js' });
    feed.start(camera);
    assert.deepEqual([phone.starts, phone.terminated], [[undefined], terminated]);
    feed.stop();
  }
});
