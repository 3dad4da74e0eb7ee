// Whether the page notices that a model server, or the gateway itself, hangs.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Liveness } from '../../static/client/liveness.js';

/** Send a frame every 100 ms from `from` to `to`; each expires after 500 ms. */
function expiring(liveness, from, to) {
  for (let at = from; at < to; at += 100) {
    liveness.sent(at);
    if (at - from >= 500) liveness.lost(at, 'expired');
  }
}

test('a model server that hangs shows in frames that all expire, until one has a result', () => {
  const liveness = new Liveness();
  liveness.maxStalenessMs = 500;
  liveness.sent(1000);
  liveness.answered(1050);
  assert.equal(liveness.stall(90000), null); // no frame was sent
  expiring(liveness, 90000, 93000);
  assert.equal(liveness.stall(91900), null);
  assert.equal(liveness.stall(92000).name, 'model');
  liveness.answered(93010);
  assert.equal(liveness.stall(93010), null);
});

test('a gateway that hangs shows in missing outcomes, also after earlier losses', () => {
  const liveness = new Liveness();
  liveness.maxStalenessMs = 500;
  for (const at of [1000, 1010, 1020]) liveness.sent(at);
  liveness.answered(1100);
  liveness.lost(1200, 'overtaken');
  liveness.sent(1300);
  liveness.lost(2000, 'superseded_locally');
  assert.equal(liveness.stall(3690), null);
  assert.equal(liveness.stall(3700).name, 'server');
  liveness.lost(3800, 'expired');
  assert.equal(liveness.stall(3800).name, 'model');
});

test('a full server and one that fails on every frame differ from one that hangs', () => {
  const stallAfter = (...loss) => {
    const liveness = new Liveness();
    for (let at = 0; at < 3000; at += 250) {
      liveness.sent(at);
      liveness.lost(at + 1, ...loss);
    }
    assert.equal(liveness.stall(1999), null);
    return liveness.stall(3000);
  };
  assert.deepEqual(stallAfter('overloaded'), { name: 'full' });
  assert.deepEqual(stallAfter('rate_limited'), { name: 'full' });
  assert.deepEqual(stallAfter('overloaded', 'the gateway is full'), { name: 'full' });
  assert.deepEqual(stallAfter('model_failed', 'no memory'), { name: 'failing', message: 'no memory' });
  assert.equal(stallAfter('overtaken'), null);
});

test('neither a slow server within its limit nor a pause is a stall', () => {
  const slow = new Liveness();
  slow.maxStalenessMs = 10000;
  slow.sent(0);
  assert.equal(slow.stall(11900), null);
  const paused = new Liveness();
  expiring(paused, 0, 5000);
  for (let i = 0; i < 5; i += 1) paused.lost(5000, 'expired');
  paused.restart(60000);
  paused.sent(60000);
  assert.equal(paused.stall(60100), null);
});
