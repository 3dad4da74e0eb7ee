// Whether the page hears that a model server, or the gateway itself, hangs.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Liveness } from '../../static/client/liveness.js';

/** A pulse whose frames go out every 100 ms and expire after 500, from `from` until `to`. */
function expiring(pulse, from, to) {
  for (let at = from; at < to; at += 100) {
    pulse.sent(at);
    if (at - from >= 500) pulse.lost(at, 'expired');
  }
}

test('frames that only expire tell of a model server that hangs, until one is answered', () => {
  const pulse = new Liveness();
  pulse.maxStalenessMs = 500;
  pulse.sent(1000);
  pulse.answered(1050);
  assert.equal(pulse.stall(90000), null); // nothing was asked
  expiring(pulse, 90000, 93000);
  assert.equal(pulse.stall(91900), null);
  assert.equal(pulse.stall(92000).name, 'model');
  pulse.answered(93010);
  assert.equal(pulse.stall(93010), null);
});

test('no word at all tells of a gateway that hangs, also where frames were lost before', () => {
  const pulse = new Liveness();
  pulse.maxStalenessMs = 500;
  for (const at of [1000, 1010, 1020]) pulse.sent(at);
  pulse.answered(1100);
  pulse.lost(1200, 'overtaken');
  pulse.sent(1300);
  pulse.lost(2000, 'superseded_locally');
  assert.equal(pulse.stall(3690), null);
  assert.equal(pulse.stall(3700).name, 'server');
  pulse.lost(3800, 'expired');
  assert.equal(pulse.stall(3800).name, 'model');
});

test('a full server, and one that fails on every frame, are told from one that hangs', () => {
  const heard = (...loss) => {
    const pulse = new Liveness();
    for (let at = 0; at < 3000; at += 250) {
      pulse.sent(at);
      pulse.lost(at + 1, ...loss);
    }
    assert.equal(pulse.stall(1999), null);
    return pulse.stall(3000);
  };
  assert.deepEqual(heard('overloaded'), { name: 'full' });
  assert.deepEqual(heard('rate_limited'), { name: 'full' });
  assert.deepEqual(heard('overloaded', 'the gateway is full'), { name: 'full' });
  assert.deepEqual(heard('model_failed', 'no memory'), { name: 'failing', message: 'no memory' });
  assert.equal(heard('overtaken'), null);
});

test('a slow but patient server and a pause are no silence', () => {
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
