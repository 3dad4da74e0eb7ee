// Frames from the camera to the client: only wanted ones, the newest, one at a time.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { library } from './library.mjs';

const { CameraFeed } = library('camera-feed');

const MODEL = { formats: ['jpeg', 'rgb'], width: 32, height: 32 };
const FRAME = { width: 48, height: 64, data: new ArrayBuffer(4 * 48 * 64) };

/** A feed before a client that a test steers. `wx` is what the phone has. */
function feedOf({ wx = {}, canvas = null, fit = undefined, model = MODEL } = {}) {
  globalThis.wx = wx;
  const about = { time: 0, wants: true, offered: [], problems: [], uplink: null, step: 0 };
  const client = {
    wantsFrame: () => about.wants,
    offer: (frame) => about.offered.push(frame),
    stats: () => ({ uplinkBytesPerS: about.uplink }),
  };
  const now = () => (about.time += about.step);
  const onProblem = ({ message }) => about.problems.push(message);
  const feed = new CameraFeed({ client, canvas, fit, now, onProblem });
  feed.use(model);
  feed.show({ width: 375, height: 667 });
  return { feed, about };
}

test('a frame goes out in the model’s size, with what it takes to draw its boxes', () => {
  const { feed, about } = feedOf({ model: { ...MODEL, formats: ['rgb'] } });
  feed.picture(FRAME);
  const [{ format, width, height, data, captured_at: at, view, upright }] = about.offered;
  assert.deepEqual([format, width, height, data.length, at], ['rgb', 32, 32, 3072, 0]);
  assert.deepEqual(view, { rotate: 0, mirror: false });
  assert.deepEqual(upright, { width: 48, height: 64 });
});

test('with its own aspect where the model keeps that, never enlarged', () => {
  const letterbox = { ...MODEL, resize: 'letterbox' };
  for (const [options, size] of [
    [{ model: letterbox }, [32, 44]],
    [{ fit: 'cover' }, [32, 44]],
    [{ model: letterbox, fit: 'stretch' }, [32, 32]],
  ]) {
    const { feed, about } = feedOf(options);
    feed.picture({ width: 96, height: 128, data: new ArrayBuffer(4 * 96 * 128) });
    assert.deepEqual([about.offered[0].width, about.offered[0].height], size);
  }
  const large = feedOf({ model: { ...MODEL, width: 640, height: 640 } });
  large.feed.picture(FRAME);
  assert.deepEqual([large.about.offered[0].width, large.about.offered[0].height], [48, 64]);
});

test('a frame that nobody wants costs nothing, and without a model none is made', () => {
  const { feed, about } = feedOf();
  about.wants = false;
  feed.picture(FRAME);
  about.wants = true;
  feed.use(null);
  feed.picture(FRAME);
  assert.deepEqual([about.offered, about.problems], [[], []]);
});

test('making frames takes half of the time at most', () => {
  const { feed, about } = feedOf();
  about.step = 20; // each look at the clock: as if a frame took as long
  for (let i = 0; i < 50; i += 1) {
    feed.picture(FRAME);
    about.time += 1;
  }
  const spent = about.offered.reduce((sum, { makingMs }) => sum + makingMs, 0);
  assert.ok(about.offered.length > 5);
  assert.ok(spent <= 0.5 * about.time, `${spent} of ${about.time} ms`);
});

test('while one frame is being encoded others pass by, and a way that fails is left', async () => {
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
  for (let i = 0; i < 5; i += 1) feed.picture(FRAME);
  assert.equal(waiting.length, 1);
  waiting.pop().success({ tempFilePath: 'a.jpg' });
  await new Promise(setImmediate);
  assert.deepEqual(about.offered[0].data, new Uint8Array([1, 2, 3]));
  assert.equal(wx.removed, 'a.jpg');
  for (let i = 0; i < 2; i += 1) {
    feed.picture(FRAME);
    waiting.pop().fail({ errMsg: 'canvasToTempFilePath:fail' });
    await new Promise(setImmediate);
  }
  feed.picture(FRAME); // the way is closed, and the next one is taken
  assert.deepEqual(about.problems, []);
  assert.equal(about.offered[1].way, 'jpeg js');
});

test('a canvas that never answers keeps no later frame', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const pen = { createImageData: () => ({ data: new Uint8ClampedArray(4096) }), putImageData() {} };
  const asked = [];
  const wx = { canvasToTempFilePath: (options) => asked.push(options), getFileSystemManager: () => ({}) };
  const { feed, about } = feedOf({ wx, canvas: { getContext: () => pen } });
  for (let i = 0; i < 2; i += 1) {
    feed.picture(FRAME);
    t.mock.timers.tick(2000);
    await new Promise(setImmediate);
  }
  feed.picture(FRAME);
  assert.equal(asked.length, 2);
  assert.deepEqual(about.offered.map(({ way }) => way), ['jpeg js']);
});

test('frames of odd sizes, and smaller than the model, are made', () => {
  for (const [width, height] of [[1, 1], [31, 47], [287, 351], [353, 289], [33, 641]]) {
    const { feed, about } = feedOf();
    for (let i = 0; i < 8; i += 1) feed.picture({ width, height, data: new ArrayBuffer(4 * width * height) });
    assert.deepEqual(about.problems, [], `${width} x ${height}`);
    assert.equal(about.offered.length, 8);
  }
});

test('a frame whose length does not fit its size is a problem, not a crash', () => {
  const { feed, about } = feedOf();
  feed.picture({ ...FRAME, data: new ArrayBuffer(12) });
  assert.match(about.problems[0], /12 bytes are no frame of 48 x 64/);
  feed.picture(FRAME);
  assert.equal(about.offered.length, 1);
});

test('frames shrink on a narrow uplink', () => {
  const { feed, about } = feedOf({ model: { ...MODEL, width: 40, height: 60, formats: ['rgb'] } });
  about.uplink = 20000; // a frame of 7200 bytes keeps it busy for 360 ms
  for (let i = 0; i < 100; i += 1) {
    feed.picture(FRAME);
    about.time += 100;
  }
  const { width, height } = about.offered[about.offered.length - 1];
  assert.deepEqual([width, height], [32, 32]); // no side below what a model can see in
});

test('the camera is listened to once, and left alone when the feed stops', () => {
  const { feed } = feedOf();
  const heard = [];
  const camera = {
    onCameraFrame: () => ({ start: () => heard.push('start'), stop: () => heard.push('stop') }),
  };
  feed.start(camera);
  feed.start(camera);
  feed.stop();
  feed.stop();
  assert.deepEqual(heard, ['start', 'stop', 'start', 'stop']);
});

test('a canvas that gives no JPEG is left without a word, and frames that do not fit blame no way', () => {
  const pen = { createImageData: () => ({ data: new Uint8ClampedArray(4096) }), putImageData() {} };
  const canvas = { getContext: () => pen, toDataURL: () => 'data:image/png;base64,AAAA' };
  const { feed, about } = feedOf({ canvas });
  for (let i = 0; i < 4; i += 1) feed.picture({ ...FRAME, data: new ArrayBuffer(12) });
  assert.equal(about.problems.length, 4);
  for (let i = 0; i < 4; i += 1) feed.picture(FRAME);
  assert.equal(about.problems.length, 4);
  assert.deepEqual(about.offered.map(({ way }) => way), ['jpeg js', 'jpeg js']);
});

test('a model whose formats this phone cannot make is a problem', () => {
  const { feed, about } = feedOf({ model: { ...MODEL, formats: ['png'] } });
  feed.picture(FRAME);
  assert.match(about.problems[0], /can make no frame that the model takes/);
});
