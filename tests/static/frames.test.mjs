// Frames through the client: pacing, the one waiting frame, one outcome each.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { LIMITS, dice, frame, readyClient } from './puppet.mjs';

/** Run a source of `rate` frames/s against a server that responds after `tripMs`. */
function run(puppet, { rate, tripMs, seconds }) {
  const { client, host, socket } = puppet;
  let outstanding = 0;
  for (let i = 0; i < rate * seconds; i += 1) {
    if (client.wantsFrame()) {
      client.offer(frame());
      const { id } = socket().last();
      host.setTimeout(() => socket().result(id), tripMs);
    }
    outstanding = Math.max(outstanding, client.stats().outstanding);
    host.advance(1000 / rate);
  }
  return outstanding;
}

test('sends exactly the wire’s fields, with increasing ids', () => {
  const { client, socket } = readyClient();
  client.offer(frame({ captured_at: 12.5, bitmap: { stays: 'here' } }));
  socket().result(1);
  client.offer(frame({ format: 'rgba', width: 1, height: 2, data: new Uint8Array(8) }));
  assert.deepEqual(socket().frames(), [
    { type: 'frame', id: 1, format: 'jpeg', data: new Uint8Array([1, 2, 3]), captured_at: 12.5 },
    { type: 'frame', id: 2, format: 'rgba', width: 1, height: 2, data: new Uint8Array(8) },
  ]);
});

test('a bare ArrayBuffer and a slice of a larger one arrive as exactly their bytes', () => {
  const { client, socket } = readyClient();
  const backing = new Uint8Array([9, 9, 1, 2, 3, 9]);
  client.offer(frame({ data: backing.buffer.slice(2, 5) }));
  socket().result(1);
  client.offer(frame({ data: backing.subarray(2, 5) }));
  for (const sent of socket().frames()) assert.deepEqual(sent.data, new Uint8Array([1, 2, 3]));
});

test('the frame comes back as the object that was offered', () => {
  const { client, socket, outcomes } = readyClient();
  const offered = frame({ bitmap: {} });
  client.offer(offered);
  socket().result(1, { boxes: [[0, 0, 1, 1]] });
  const [[name, result, returned]] = outcomes();
  assert.equal(name, 'result');
  assert.deepEqual(result.boxes, [[0, 0, 1, 1]]);
  assert.equal(returned, offered);
});

test('one frame is sent while the round trip is unknown, then the pace follows rate and trip', () => {
  const puppet = readyClient();
  const { client, socket } = puppet;
  client.offer(frame());
  client.offer(frame());
  assert.equal(socket().frames().length, 1);
  socket().result(1);
  socket().result(2);
  run(puppet, { rate: 30, tripMs: 50, seconds: 3 });
  assert.equal(client.stats().limit, 3); // 30/s * 0.05 s = 1.5 -> 2, + 1
});

test('a slow network holds as many frames as its round trip fits, never more than the window', () => {
  const puppet = readyClient();
  assert.equal(run(puppet, { rate: 30, tripMs: 90, seconds: 3 }), 3);
  assert.equal(run(readyClient(), { rate: 30, tripMs: 2000, seconds: 10 }), LIMITS.window);
  assert.ok(Math.abs(puppet.client.stats().sourceRate - 30) < 0.5);
});

test('the full source rate gets through if the window allows it', () => {
  const puppet = readyClient();
  run(puppet, { rate: 30, tripMs: 90, seconds: 4 });
  const before = puppet.client.stats().results;
  run(puppet, { rate: 30, tripMs: 90, seconds: 2 });
  assert.ok(puppet.client.stats().results - before >= 59);
});

test('queueing in the server does not make the client send more', () => {
  const puppet = readyClient();
  run(puppet, { rate: 30, tripMs: 10, seconds: 1 });
  // Now results are slow, except for a rare quick one: the round trip without queues.
  for (let i = 0; i < 12; i += 1) {
    run(puppet, { rate: 30, tripMs: 300, seconds: 0.5 });
    assert.ok(puppet.client.stats().limit <= 2);
  }
});

test('a newer frame replaces the waiting one, which is reported as dropped', () => {
  const { client, socket, outcomes } = readyClient();
  const [first, second, third] = [frame(), frame(), frame({ data: new Uint8Array([7]) })];
  for (const each of [first, second, third]) client.offer(each);
  assert.deepEqual(outcomes(), [['dropped', { reason: 'superseded_locally' }, second]]);
  assert.equal(client.wantsFrame(), false);
  socket().result(1);
  assert.deepEqual(socket().frames()[1].data, new Uint8Array([7]));
});

test('a full socket buffer holds frames back until it is empty', () => {
  const { client, host, socket } = readyClient();
  socket().bufferedAmount = 1;
  assert.equal(client.wantsFrame(), false);
  client.offer(frame());
  host.advance(100);
  assert.equal(socket().frames().length, 0);
  socket().bufferedAmount = 0;
  host.advance(10);
  assert.equal(socket().frames().length, 1);
});

test('a socket without bufferedAmount counts as drained', () => {
  const { client, socket } = readyClient();
  delete socket().bufferedAmount;
  client.offer(frame());
  assert.equal(socket().frames().length, 1);
});

test('asking about a frame and offering it count as one frame of the source', () => {
  const { client, host, socket } = readyClient();
  for (let i = 0; i < 40; i += 1) {
    if (client.wantsFrame()) client.offer(frame());
    const { id } = socket().last();
    socket().result(id);
    host.advance(50);
  }
  assert.ok(Math.abs(client.stats().sourceRate - 20) < 0.5);
});

test('frames skipped during encoding are counted once each', () => {
  const { client, host, socket } = readyClient();
  for (let i = 0; i < 40; i += 1) {
    const wanted = client.wantsFrame();
    socket().bufferedAmount = 1;
    host.advance(25);
    client.wantsFrame(); // while the previous one is being encoded
    socket().bufferedAmount = 0;
    if (wanted) client.offer(frame());
    socket().result(socket().last().id);
    host.advance(25);
  }
  assert.ok(Math.abs(client.stats().sourceRate - 40) < 1);
});

test('the waiting frame is dropped when the model goes away', () => {
  const { client, socket, outcomes } = readyClient();
  client.offer(frame());
  const waiting = frame();
  client.offer(waiting);
  socket().say({ type: 'model_changed', model: null });
  assert.deepEqual(outcomes(), [['dropped', { reason: 'not_ready' }, waiting]]);
});

test('a frame offered without a server is dropped immediately', () => {
  const { client, socket, outcomes } = readyClient();
  socket().die();
  const offered = frame();
  client.offer(offered);
  assert.deepEqual(outcomes(), [['dropped', { reason: 'not_ready' }, offered]]);
});

test('frames in flight are dropped when the connection is lost, the waiting one too', () => {
  const { client, socket, outcomes } = readyClient();
  const [under, waiting] = [frame(), frame()];
  client.offer(under);
  client.offer(waiting);
  socket().die();
  assert.deepEqual(
    new Set(outcomes().map(([name, { reason }, back]) => [name, reason, back === under].join())),
    new Set(['dropped,disconnected,true', 'dropped,disconnected,false']),
  );
  assert.equal(client.stats().outstanding, 0);
});

test('a frame beyond the server’s limit fails locally and is not sent', () => {
  const { client, socket, outcomes } = readyClient();
  client.offer(frame({ data: new Uint8Array(LIMITS.max_frame_bytes + 1) }));
  const [[name, error]] = outcomes();
  assert.equal(name, 'error');
  assert.equal(error.code, 'frame_too_large');
  assert.equal(socket().frames().length, 0);
  client.offer(frame({ data: new Uint8Array(LIMITS.max_frame_bytes) }));
  assert.equal(socket().frames().length, 1);
});

test('an invalid frame throws', () => {
  const { client } = readyClient();
  for (const wrong of [undefined, {}, { format: 'jpeg' }, { format: 'jpeg', data: 'text' }]) {
    assert.throws(() => client.offer(wrong), TypeError);
  }
  assert.equal(client.stats().offered, 0);
});

test('without a model server the client backs off until a result arrives', () => {
  const { client, host, socket } = readyClient();
  const sentAt = [];
  for (let i = 0; i < 300; i += 1) {
    if (client.wantsFrame()) {
      client.offer(frame());
      sentAt.push(host.time);
      const { id } = socket().last();
      socket().say({ type: 'error', id, code: 'backend_unavailable', message: '', retryable: true });
    }
    host.advance(25);
  }
  const waits = sentAt.slice(1).map((at, i) => at - sentAt[i]);
  assert.deepEqual(waits, [250, 500, 1000, 2000, 2000]);
  client.offer(frame());
  host.advance(2000);
  socket().result(socket().last().id);
  assert.equal(client.wantsFrame(), true);
});

test('frames that fail together back off once', () => {
  const puppet = readyClient();
  const { client, host, socket } = puppet;
  run(puppet, { rate: 30, tripMs: 90, seconds: 2 });
  host.advance(500);
  for (let i = 0; i < 3; i += 1) client.offer(frame());
  const error = { type: 'error', code: 'overloaded', message: '', retryable: true };
  for (const { id } of socket().frames().slice(-3)) socket().say({ ...error, id });
  host.advance(249);
  assert.equal(client.wantsFrame(), false);
  host.advance(1);
  client.offer(frame());
  socket().say({ ...error, id: socket().last().id });
  host.advance(500);
  assert.equal(client.wantsFrame(), true);
});

test('an error with an id is a frame’s outcome, one without concerns the session', () => {
  const { client, socket, heard } = readyClient();
  const offered = frame();
  client.offer(offered);
  const wrong = { type: 'error', code: 'bad_frame', message: 'truncated', retryable: false };
  socket().say({ ...wrong, id: 1 });
  socket().say({ ...wrong, code: 'bad_message' });
  assert.deepEqual(heard('error').map(([{ code }, about]) => [code, about]), [
    ['bad_frame', offered],
    ['bad_message', null],
  ]);
});

test('an outcome for an unknown frame, or a second one, is ignored', () => {
  const { client, socket, outcomes } = readyClient();
  client.offer(frame());
  socket().result(1);
  socket().result(1);
  socket().result(99);
  socket().say({ type: 'dropped', id: 1, reason: 'expired' });
  assert.equal(outcomes().length, 1);
});

test('a callback that throws affects no other frame', () => {
  let calls = 0;
  const { client, host, socket } = readyClient({
    onResult: () => {
      calls += 1;
      throw new Error('the page is broken');
    },
  });
  client.offer(frame());
  client.offer(frame());
  socket().result(1);
  assert.equal(socket().frames().length, 2);
  socket().result(2);
  assert.equal(calls, 2);
  assert.throws(() => host.advance(1), /the page is broken/);
});

test('every offered frame has exactly one outcome under random events', () => {
  const random = dice(7);
  const { client, host, socket, outcomes } = readyClient();
  const offered = [];
  const someId = () => client.stats().sent - random(3);
  host.dice = 0.02; // short waits before reconnecting
  const rarely = (act) => () => random(30) === 0 && act();
  const acts = [
    () => {
      offered.push(frame());
      client.offer(offered[offered.length - 1]);
    },
    () => client.wantsFrame(),
    () => host.advance(random(100)),
    () => socket().result(someId()),
    () => socket().say({ type: 'dropped', id: someId(), reason: 'expired' }),
    rarely(() => socket().say({ type: 'dropped', id: someId(), reason: 'overloaded' })),
    () => socket().welcome(),
    rarely(() => socket().welcome({ model: null })),
    rarely(() => socket().die()),
    () => (socket().bufferedAmount = random(2)),
  ];
  for (let i = 0; i < 10000; i += 1) {
    acts[random(acts.length)]();
    const { outstanding, limit } = client.stats();
    assert.ok(outstanding <= LIMITS.window, `${outstanding} outstanding, limit ${limit}`);
  }
  client.close();
  const back = outcomes().map(([, , each]) => each);
  assert.equal(back.length, offered.length);
  assert.equal(new Set(back).size, offered.length);
  const { results, dropped, errors, waiting, outstanding } = client.stats();
  const total = (counts) => Object.values(counts).reduce((sum, count) => sum + count, 0);
  assert.equal(results + total(dropped) + total(errors), offered.length);
  assert.equal(waiting + outstanding, 0);
  assert.ok(results > 100);
});

test('sends no more than the server advises, until it lifts the advice', () => {
  const puppet = readyClient();
  const { socket } = puppet;
  const sentIn = (seconds) => {
    const before = socket().frames().length;
    run(puppet, { rate: 30, tripMs: 10, seconds });
    return socket().frames().length - before;
  };
  assert.equal(sentIn(4), 120);
  socket().say({ type: 'pace', frames_per_s: 20 });
  const advised = sentIn(4);
  assert.ok(advised <= 82 && advised >= 76, `${advised} frames in 4 s`);
  socket().say({ type: 'pace', frames_per_s: 0.5 });
  assert.ok(sentIn(4) <= 3);
  socket().say({ type: 'pace', frames_per_s: null });
  assert.equal(sentIn(4), 120);
});

test('advice ends with its connection', () => {
  const puppet = readyClient();
  puppet.socket().say({ type: 'pace', frames_per_s: 0.1 });
  puppet.client.close();
  puppet.client.open();
  puppet.socket().open();
  puppet.socket().welcome();
  run(puppet, { rate: 30, tripMs: 10, seconds: 1 });
  assert.equal(puppet.socket().frames().length, 30);
});

test('a frame with a value that cannot travel comes back, and leaves its place to others', () => {
  const { client, socket, host, outcomes } = readyClient({}, { limits: { ...LIMITS, window: 1 } });
  client.offer(frame());
  const wrong = frame({ captured_at: new Date(0) });
  client.offer(wrong); // held back: it is sent when the first has its result
  socket().result(1);
  const [, error, back] = outcomes().find(([name]) => name === 'error');
  assert.deepEqual([error.code, error.retryable, back === wrong], ['bad_frame', false, true]);
  assert.match(error.message, /cannot encode \[object Date\]/);
  assert.equal(client.stats().outstanding, 0);
  host.advance(1000);
  client.offer(frame());
  assert.equal(socket().frames().length, 2);
});
