// Measuring the uplink, and sending no faster than it allows.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { encode } from '../../static/client/msgpack.js';
import { LIMITS, frame, readyClient } from './puppet.mjs';

const FRAME_BYTES = 50000;
const INFER_MS = 5;

/** An uplink of `bytesPerS` in sequence, with a latency of `delayMs` in each direction. */
function pipe(puppet, way) {
  const { host, socket } = puppet;
  let free = 0;
  const ages = [];
  const real = socket().send.bind(socket());
  socket().send = (data) => {
    real(data);
    const message = socket().last();
    const sentAt = host.time;
    free = Math.max(free, host.time) + (1000 * data.byteLength) / way.bytesPerS;
    const back = free - host.time + 2 * way.delayMs;
    if (message.type === 'ping') {
      host.setTimeout(() => socket().say({ type: 'pong', t: message.t }), back);
    }
    if (message.type !== 'frame') return;
    host.setTimeout(() => {
      ages.push(host.time - sentAt);
      socket().result(message.id);
    }, back + INFER_MS);
  };
  return ages;
}

function film(puppet, { rate, seconds }) {
  const { client, host } = puppet;
  for (let i = 0; i < rate * seconds; i += 1) {
    if (client.wantsFrame()) client.offer(frame({ data: new Uint8Array(FRAME_BYTES) }));
    host.advance(1000 / rate);
  }
}

test('the throughput is measured, whatever the latency', () => {
  for (const delayMs of [1, 80]) {
    const puppet = readyClient({ measureUplink: true });
    pipe(puppet, { bytesPerS: 400000, delayMs });
    film(puppet, { rate: 30, seconds: 3 });
    const found = puppet.client.stats().uplinkBytesPerS;
    assert.ok(Math.abs(found / 400000 - 1) < 0.05, `${found}`);
  }
});

test('on a slow uplink no frame queues, and the uplink is fully used', () => {
  const puppet = readyClient({ measureUplink: true });
  const ages = pipe(puppet, { bytesPerS: 200000, delayMs: 20 });
  film(puppet, { rate: 30, seconds: 20 });
  const late = ages.slice(Math.floor(ages.length / 2));
  const alone = (1000 * FRAME_BYTES) / 200000 + 2 * 20 + 5;
  assert.ok(Math.max(...late) < 1.3 * alone, `${Math.max(...late)} ms, alone ${alone} ms`);
  assert.ok(ages.length > 0.8 * 20 * (200000 / FRAME_BYTES), `${ages.length} frames`);
});

test('without measuring, the same uplink makes every frame several times older', () => {
  const puppet = readyClient();
  const ages = pipe(puppet, { bytesPerS: 200000, delayMs: 20 });
  film(puppet, { rate: 30, seconds: 20 });
  assert.ok(Math.max(...ages) > 2 * 295);
  assert.equal(puppet.client.stats().uplinkBytesPerS, null);
  assert.ok(puppet.socket().sent.every(({ type }) => type !== 'ping'));
});

test('a fast uplink delays nothing', () => {
  const puppet = readyClient({ measureUplink: true });
  const ages = pipe(puppet, { bytesPerS: 50e6, delayMs: 40 });
  film(puppet, { rate: 30, seconds: 5 });
  assert.ok(ages.length > 140, `${ages.length} of 150 frames`);
});

test('a slowdown is noticed, and a new connection starts over', () => {
  const puppet = readyClient({ measureUplink: true });
  const way = { bytesPerS: 5e6, delayMs: 20 };
  pipe(puppet, way);
  film(puppet, { rate: 30, seconds: 4 });
  assert.ok(puppet.client.stats().uplinkBytesPerS > 3e6);
  way.bytesPerS = 200000;
  film(puppet, { rate: 30, seconds: 8 });
  assert.ok(puppet.client.stats().uplinkBytesPerS < 300000);
  puppet.socket().die();
  puppet.host.advance(1000);
  puppet.socket().open();
  assert.equal(puppet.client.stats().uplinkBytesPerS, null);
});

test('few frames are probed, and their pings are small', () => {
  const puppet = readyClient({ measureUplink: true });
  pipe(puppet, { bytesPerS: 50e6, delayMs: 5 });
  film(puppet, { rate: 30, seconds: 10 });
  const pings = puppet.socket().sent.filter(({ type }) => type === 'ping');
  assert.ok(pings.length <= 2 * 20 + 2 && pings.length >= 30, `${pings.length} pings`);
  assert.ok(pings.every((ping) => encode(ping).length < 40));
  assert.ok(puppet.client.stats().outstanding <= LIMITS.window);
});

test('an unexpected pong changes nothing', () => {
  const puppet = readyClient({ measureUplink: true });
  for (const t of ['uplink 1 behind', 'uplink 1 before', 5, null, undefined]) {
    puppet.socket().say({ type: 'pong', t });
  }
  assert.equal(puppet.client.stats().uplinkBytesPerS, null);
});

test('a clock set forward between two pongs does not make the uplink look slow', () => {
  const puppet = readyClient({ measureUplink: true });
  puppet.client.offer(frame());
  puppet.socket().say({ type: 'pong', t: 'uplink 1 before' });
  puppet.host.time += 3600 * 1000;
  puppet.socket().say({ type: 'pong', t: 'uplink 1 behind' });
  assert.equal(puppet.client.stats().uplinkBytesPerS, null);
});
