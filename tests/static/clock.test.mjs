// The client's default clock.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { now } from '../../static/client/clock.js';
import { FramewireClient } from '../../static/client/client.js';
import { MODEL, PuppetSocket, frame } from './puppet.mjs';

const HOUR_MS = 3600 * 1000;

/** Set the host's clock. */
function setClock(t, by) {
  const before = Date.now;
  t.mock.method(Date, 'now', () => before() + by);
}

test('it follows the host’s clock, and continues when that is set back', (t) => {
  const first = now();
  assert.ok(Math.abs(first - Date.now()) < 1000);
  setClock(t, -HOUR_MS);
  const second = now();
  assert.ok(second >= first && second < first + 1000);
  setClock(t, 60000);
  assert.ok(now() - second >= 60000 && now() - second < 61000);
});

test('setting the clock back during a session delays no frame', async (t) => {
  const sockets = [];
  const client = new FramewireClient({
    url: 'wss://example.org/ws',
    socket: (...args) => sockets[sockets.push(new PuppetSocket(...args)) - 1],
  });
  t.after(() => client.close());
  client.open();
  const [socket] = sockets;
  socket.open();
  socket.welcome({ model: MODEL });
  client.offer(frame());
  socket.say({ type: 'error', id: 1, code: 'overloaded', message: 'full', retryable: true });
  assert.equal(client.wantsFrame(), false);
  setClock(t, -HOUR_MS);
  assert.equal(client.wantsFrame(), false); // the camera keeps running, so the clock is read
  await new Promise((resolve) => setTimeout(resolve, 300)); // the client backs off for 250 ms
  assert.equal(client.wantsFrame(), true);
});
