// The live page's life: shown and hidden in any order, left, and on networks that change.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { livePage, settle } from './simulated.mjs';

/** The live page in a test, which ends it. `photos` are asked for, and wait for an answer. */
async function live(t, more = {}) {
  const about = { sockets: [], photos: [], network: 'wifi', change: null };
  const { asked, page } = await livePage(undefined, {
    onNetworkStatusChange: (act) => (about.change = act),
    getNetworkType: ({ success }) => success({ networkType: about.network }),
    connectSocket: () => {
      const socket = { isClosed: false, send() {}, close: () => (socket.isClosed = true) };
      about.sockets.push(socket);
      return Object.assign(socket, { onOpen() {}, onMessage() {}, onError() {}, onClose() {} });
    },
    createCameraContext: () => ({ takePhoto: (options) => about.photos.push(options) }),
    ...more,
  });
  t.after(() => page.instance.onUnload());
  about.open = () => about.sockets.filter(({ isClosed }) => !isClosed).length;
  return { page: page.instance, asked, about };
}

test('a page that is shown twice has one timer, and a hidden one has none', async (t) => {
  const timers = new Set();
  const { setInterval: set, clearInterval: clear } = globalThis;
  t.after(() => Object.assign(globalThis, { setInterval: set, clearInterval: clear }));
  globalThis.setInterval = (...details) => {
    const timer = set(...details);
    timers.add(timer);
    return timer;
  };
  globalThis.clearInterval = (timer) => {
    timers.delete(timer);
    clear(timer);
  };
  t.after(() => timers.forEach(clear));
  const { page } = await live(t);
  page.onShow();
  assert.equal(timers.size, 1);
  page.onHide();
  page.onHide();
  assert.equal(timers.size, 0);
});

test('a page that is hidden does not connect, whatever comes back to it', async (t) => {
  let settings = null;
  const { page, about } = await live(t, { openSetting: (options) => (settings = options) });
  page.act({ detail: { action: 'authorize' } });
  page.onHide();
  settings.success({ authSetting: { 'scope.camera': true } });
  await settle();
  assert.equal(about.open(), 0);
  page.onShow();
  await settle();
  assert.equal(about.open(), 1);
});

test('two taps take one photo, and open one page', async (t) => {
  const { page, asked, about } = await live(t);
  page.takePhoto();
  page.takePhoto();
  assert.equal(about.photos.length, 1);
  about.photos[0].success({ tempImagePath: 'a.jpg' });
  await settle();
  page.openPhoto();
  page.openSettings();
  await settle();
  assert.deepEqual(asked, ['/pages/photo/photo?path=a.jpg']);
  page.onHide();
  page.onShow();
  page.openSettings();
  await settle();
  assert.equal(asked.length, 2);
});

test('a photo that is ready after the user has left opens no page', async (t) => {
  const { page, asked, about } = await live(t);
  page.takePhoto();
  page.onHide();
  about.photos[0].fail({ errMsg: 'operateCamera:fail:camera is not ready' });
  await settle();
  assert.deepEqual(asked, []);
  page.onShow();
  page.takePhoto();
  assert.equal(about.photos.length, 2);
});

test('a page that WeChat does not open can be asked for again', async (t) => {
  const tried = [];
  const { page } = await live(t, {
    navigateTo: ({ url, fail }) => {
      tried.push(url);
      fail({ errMsg: 'navigateTo:fail timeout' });
    },
  });
  for (let i = 0; i < 2; i += 1) {
    page.openPhoto();
    await settle();
  }
  assert.equal(tried.length, 2);
});

test('another network means another socket: the old one is dead without a word', async (t) => {
  const { page, about } = await live(t);
  const states = [];
  const { setState } = page.connection;
  page.connection.setState = (state) => setState.call(page.connection, state, states.push(state.name));
  about.change({ isConnected: true, networkType: 'wifi' });
  assert.deepEqual([about.sockets.length, about.open()], [1, 1]);
  about.change({ isConnected: true, networkType: '5g' });
  assert.deepEqual([about.sockets.length, about.open(), states], [2, 1, ['connecting']]);
  page.onHide();
  about.change({ isConnected: true, networkType: '4g' });
  assert.equal(about.open(), 0);
  about.network = 'wifi';
  page.onShow();
  await settle();
  assert.deepEqual([about.sockets.length, about.open()], [3, 1], 'the socket is new already');
  about.change({ isConnected: false, networkType: 'none' });
  assert.equal(page.connection.conditions().online, false);
  about.change({ isConnected: true, networkType: 'wifi' });
  assert.deepEqual([about.sockets.length, about.open(), page.connection.conditions().online], [4, 1, true]);
});

test('while a slider moves, the page sends its controls to nobody', async (t) => {
  const { page } = await live(t);
  const labels = Array.from({ length: 1000 }, (_, i) => `class ${i}`);
  page.modelChanged({ name: 'many', version: 1, label: null, task: 'detection', labels });
  const sent = [];
  const { setData } = page;
  page.setData = (changes) => setData.call(page, changes, sent.push(JSON.stringify(changes).length));
  for (let percent = 51; percent < 60; percent += 1) page.optionChanges({ detail: { percent, isResting: false } });
  assert.deepEqual(sent, []);
  page.optionChanges({ detail: { percent: 60, isResting: true } });
  assert.deepEqual([sent.length, page.data.options.percent], [1, 60]);
  page.optionChanges({ detail: { toggled: 3 } });
  assert.equal(page.data.options.chosen, 'class 3');
});
