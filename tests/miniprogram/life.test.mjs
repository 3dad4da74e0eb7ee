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
