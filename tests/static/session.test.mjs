// The client's session: hello, welcome, losing the connection, reconnecting.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { LIMITS, MODEL, frame, puppetClient, readyClient } from './puppet.mjs';

test('says hello with its options, offering the msgpack subprotocol in an array', () => {
  const { client, socket } = puppetClient({ hello: { min_score: 0.3, model: undefined } });
  client.open();
  assert.deepEqual(socket().protocols, ['framewire.v1.msgpack']);
  assert.deepEqual(socket().sent, []);
  socket().open();
  assert.deepEqual(socket().sent, [
    { type: 'hello', client: 'framewire.js/0.2.0', min_score: 0.3 },
  ]);
});

test('is ready after a welcome with a model', () => {
  const { client, states, heard } = readyClient();
  assert.deepEqual(states(), ['connecting', 'ready']);
  assert.deepEqual([heard('model'), client.model], [[[MODEL]], MODEL]);
  assert.deepEqual(heard('welcome')[0][0].limits, LIMITS);
});

test('waits for a model, and again when it goes away', () => {
  const { client, socket, states, heard } = readyClient({}, { model: null });
  assert.deepEqual(states(), ['connecting', 'waiting']);
  assert.equal(client.wantsFrame(), false);
  socket().say({ type: 'model_changed', model: MODEL });
  assert.equal(client.wantsFrame(), true);
  socket().say({ type: 'model_changed', model: null });
  assert.equal(client.wantsFrame(), false);
  assert.deepEqual(states(), ['connecting', 'waiting', 'ready', 'waiting']);
  assert.deepEqual(heard('model'), [[null], [MODEL], [null]]);
});

test('has no model before the welcome, nor once the connection is lost', () => {
  const { client, socket } = puppetClient();
  client.open();
  assert.equal(client.model, null);
  socket().open();
  socket().welcome();
  assert.equal(client.model.name, MODEL.name);
  socket().die();
  assert.equal(client.model, null);
});

test('a new version of the model does not disturb the state', () => {
  const { socket, states, heard } = readyClient();
  socket().say({ type: 'model_changed', model: { ...MODEL, version: 4 } });
  assert.deepEqual(states(), ['connecting', 'ready']);
  assert.equal(heard('model')[1][0].version, 4);
});

test('asks for tracking, and passes on ids and velocities as they come', () => {
  const track = { lost_ms: 3000 };
  const { client, socket, heard } = readyClient({ hello: { track } });
  assert.deepEqual(socket().sent[0].track, track);
  client.offer(frame());
  const tracked = { ids: [4, null], velocities: [[0.1, 0, 0.1, 0], null], restarted: true };
  socket().result(socket().last().id, tracked);
  const [result] = heard('result').pop();
  const { ids, velocities, restarted } = result;
  assert.deepEqual({ ids, velocities, restarted }, tracked);
  client.configure({ track: false });
  assert.deepEqual(socket().sent.pop(), { type: 'configure', track: false });
});

test('reconnects after a random part of a wait that doubles up to 15 s', () => {
  const { client, host, sockets, socket, heard } = puppetClient();
  host.dice = 0.999;
  client.open();
  const waits = [];
  for (let i = 0; i < 8; i += 1) {
    socket().die();
    const [state] = heard('state').pop();
    assert.equal(state.name, 'reconnecting');
    assert.equal(state.attempt, i + 1);
    assert.equal(state.retryAt, host.time + state.retryInMs);
    waits.push(Math.round(state.retryInMs / 100) / 10);
    host.advance(state.retryInMs - 1);
    assert.equal(sockets.length, i + 1);
    host.advance(2);
    assert.equal(sockets.length, i + 2);
  }
  assert.deepEqual(waits, [0.5, 1, 2, 4, 8, 15, 15, 15]);
});

test('the wait is jittered over its whole length', () => {
  const { client, host, socket, heard } = puppetClient();
  host.dice = 0;
  client.open();
  socket().die();
  assert.equal(heard('state').pop()[0].retryInMs, 0);
});

test('a session that lasted resets the backoff, a brief one does not', () => {
  const { client, host, socket, heard } = puppetClient();
  client.open();
  for (let i = 0; i < 3; i += 1) {
    socket().open();
    socket().welcome();
    socket().die();
    host.advance(heard('state').pop()[0].retryInMs);
  }
  assert.equal(heard('state').filter(([state]) => state.attempt === 3).length, 1);
  socket().open();
  socket().welcome();
  host.advance(5000);
  socket().die();
  assert.equal(heard('state').pop()[0].attempt, 1);
});

test('open during a wait connects immediately, and only once', () => {
  const { client, host, sockets, socket } = puppetClient();
  host.dice = 1;
  client.open();
  socket().die();
  client.open();
  client.open();
  assert.equal(sockets.length, 2);
  host.advance(5000);
  assert.equal(sockets.length, 2);
});

test('keeps its options across a reconnection', () => {
  const { client, host, socket } = readyClient({ hello: { min_score: 0.3 } });
  client.configure({ min_score: 0.7 });
  assert.deepEqual(socket().last(), { type: 'configure', min_score: 0.7 });
  socket().die();
  host.advance(15000);
  socket().open();
  assert.equal(socket().last().min_score, 0.7);
});

test('a slider sends its last position, and not all of them', () => {
  const { client, host, socket } = readyClient();
  const before = socket().sent.length;
  for (let i = 1; i <= 100; i += 1) {
    client.configure({ min_score: i / 100 });
    host.advance(10);
  }
  client.configure({ max_results: 5 });
  client.configure({ max_results: 7 });
  host.advance(1000);
  const sent = socket().sent.slice(before).filter(({ type }) => type === 'configure');
  assert.ok(sent.length <= 10, `${sent.length} in two seconds`);
  assert.deepEqual(Object.assign({}, ...sent), { type: 'configure', min_score: 1, max_results: 7 });
});

test('what changes while the connection is lost goes into hello alone', () => {
  const { client, host, socket } = readyClient();
  client.configure({ min_score: 0.5 });
  client.configure({ min_score: 0.6 });
  socket().die();
  client.configure({ max_results: 3 });
  host.advance(15000);
  socket().open();
  assert.equal(socket().last().min_score, 0.6);
  assert.equal(socket().last().max_results, 3);
  socket().welcome();
  assert.deepEqual(socket().sent.map(({ type }) => type), ['hello']);
});

test('an option changed between hello and welcome is not lost', () => {
  const { client, socket } = puppetClient();
  client.open();
  socket().open();
  client.configure({ min_score: 0.9 });
  assert.equal(socket().sent.length, 1);
  socket().welcome();
  assert.deepEqual(socket().last(), { type: 'configure', min_score: 0.9 });
});

test('a server without a welcome is abandoned after 10 s', () => {
  const { client, host, socket, heard } = puppetClient();
  client.open();
  const first = socket();
  first.open();
  host.advance(10000);
  assert.equal(first.closedWith, 3001);
  assert.equal(heard('state').pop()[0].name, 'reconnecting');
});

test('a socket that takes 9 s to open has the full time for its welcome', () => {
  const { client, host, socket } = puppetClient();
  client.open();
  host.advance(9000);
  socket().open();
  host.advance(5000);
  socket().welcome();
  host.advance(4000);
  assert.equal(client.stats().state, 'ready');
  assert.equal(socket().closedWith, null);
});

test('a socket that never opens is abandoned after 10 s', () => {
  const { client, host, socket } = puppetClient();
  client.open();
  const first = socket();
  host.advance(10000);
  assert.equal(first.closedWith, 3001);
});

test('a socket that fails without a close event counts as lost, and one with it only once', () => {
  const { client, socket, host, states } = puppetClient();
  client.open();
  socket().onerror({});
  host.advance(999);
  assert.deepEqual(states(), ['connecting']);
  host.advance(1);
  assert.deepEqual(states(), ['connecting', 'reconnecting']);
  client.open();
  socket().onerror({});
  socket().die();
  host.advance(0);
  assert.deepEqual(states(), ['connecting', 'reconnecting', 'connecting', 'reconnecting']);
});

test('a socket that cannot be created counts as lost', () => {
  const { client, heard } = puppetClient({
    socket: () => {
      throw new Error('five sockets are open already');
    },
  });
  client.open();
  const [state] = heard('state').pop();
  assert.equal(state.name, 'reconnecting');
  assert.equal(state.reason, 'five sockets are open already');
});

test('pings every heartbeat, and abandons a server silent for two of them', () => {
  const { host, socket, states } = readyClient({}, { heartbeat_s: 20 });
  const first = socket();
  for (let i = 0; i < 3; i += 1) {
    host.advance(20000);
    assert.deepEqual(first.last(), { type: 'ping', t: host.time });
    first.say({ type: 'pong', t: host.time });
  }
  host.advance(40000);
  assert.equal(first.closedWith, null);
  host.advance(20000);
  assert.equal(first.closedWith, 3001);
  assert.equal(states().pop(), 'reconnecting');
});

test('any message counts as a sign of life', () => {
  const { host, socket } = readyClient();
  for (let i = 0; i < 10; i += 1) {
    host.advance(20000);
    socket().say({ type: 'a_later_version_says', something: 1 });
  }
  assert.equal(socket().closedWith, null);
});

test('events of an abandoned socket are ignored', () => {
  const { client, host, sockets, states } = readyClient();
  host.advance(60000);
  client.open();
  sockets[1].open();
  sockets[1].welcome();
  sockets[0].die();
  sockets[0].welcome({ model: null });
  assert.equal(states().pop(), 'ready');
});

test('while the server drains, no frame is sent and outcomes still arrive', () => {
  const { client, socket, states, outcomes } = readyClient();
  const sent = frame();
  client.offer(sent);
  socket().say({ type: 'going_away', reconnect_after_ms: 2000, reason: 'restart' });
  assert.equal(states().pop(), 'draining');
  assert.equal(client.wantsFrame(), false);
  socket().say({ type: 'model_changed', model: MODEL });
  assert.equal(states().pop(), 'draining');
  socket().result(1);
  assert.equal(outcomes()[0][0], 'result');
  assert.equal(outcomes()[0][2], sent);
});

test('reconnects about when the draining server asked, with its options', () => {
  for (const [dice, wait] of [
    [0, 1000],
    [0.5, 2000],
    [1, 3000],
  ]) {
    const { host, sockets, socket, heard } = readyClient({ hello: { min_score: 0.4 } });
    host.dice = dice;
    socket().say({ type: 'going_away', reconnect_after_ms: 2000, reason: 'restart' });
    socket().die(1001, 'going away');
    assert.equal(heard('state').pop()[0].retryInMs, wait);
    host.advance(wait);
    assert.equal(sockets.length, 2);
    socket().open();
    assert.equal(socket().last().min_score, 0.4);
  }
});

test('a close right after going_away: back within the pause, and the same picture can be sent again', () => {
  const { client, host, sockets, socket, heard, states, outcomes } = readyClient({ hello: { min_score: 0.4 } });
  client.configure({ max_results: 3 });
  const picture = frame();
  client.offer(picture);
  host.dice = 1;
  socket().say({ type: 'going_away', reconnect_after_ms: 1000, reason: 'restart' });
  socket().die(1001, 'restart');
  assert.deepEqual(outcomes(), [['dropped', { id: 1, reason: 'disconnected' }, picture]]);
  assert.deepEqual(states().slice(-2), ['draining', 'reconnecting']);
  assert.equal(heard('state').pop()[0].retryInMs, 1500);
  host.advance(1499);
  assert.equal(sockets.length, 1);
  host.advance(1);
  assert.equal(sockets.length, 2);
  socket().open();
  const { min_score, max_results } = socket().last();
  assert.deepEqual({ min_score, max_results }, { min_score: 0.4, max_results: 3 });
  socket().welcome();
  client.offer(picture);
  assert.equal(socket().frames().length, 1);
  socket().result(socket().frames()[0].id);
  assert.equal(outcomes()[1][0], 'result');
  assert.equal(outcomes()[1][2], picture);
});

test('a client that the server refuses does not reconnect', () => {
  const { client, host, sockets, socket, heard } = puppetClient();
  client.open();
  socket().open();
  socket().say({ type: 'error', code: 'unauthorized', message: 'no such token', retryable: false });
  assert.equal(socket().closedWith, 1000);
  assert.deepEqual(
    { ...heard('state').pop()[0] },
    { name: 'refused', code: 'unauthorized', message: 'no such token' },
  );
  host.advance(60000);
  assert.equal(sockets.length, 1);
  client.configure({ token: 'better' });
  client.open();
  socket().open();
  assert.equal(socket().last().token, 'better');
  socket().welcome();
  assert.equal(client.wantsFrame(), true);
});

test('a session whose token expires ends when the server closes it', () => {
  const { host, sockets, socket, states } = readyClient();
  socket().say({ type: 'error', code: 'unauthorized', message: 'expired', retryable: false });
  assert.equal(states().pop(), 'ready');
  socket().die(1008);
  assert.equal(states().pop(), 'refused');
  host.advance(60000);
  assert.equal(sockets.length, 1);
});

test('waiting carries the reason if there is a specific one', () => {
  const { socket, heard } = readyClient({}, { model: null });
  assert.deepEqual({ ...heard('state').pop()[0] }, { name: 'waiting' });
  socket().say({ type: 'error', code: 'unknown_model', message: 'no model x', retryable: false });
  const why = { name: 'waiting', code: 'unknown_model', message: 'no model x' };
  assert.deepEqual({ ...heard('state').pop()[0] }, why);
  socket().say({ type: 'model_changed', model: MODEL });
  assert.equal(heard('state').pop()[0].name, 'ready');
});

test('a retryable error is not a refusal', () => {
  const { client, socket, states } = puppetClient();
  client.open();
  socket().open();
  socket().say({ type: 'error', code: 'overloaded', message: 'full', retryable: true });
  socket().die(1013);
  assert.equal(states().pop(), 'reconnecting');
});

test('close is final, drops every frame, and leaves no timer', () => {
  const { client, host, socket, states, outcomes } = readyClient();
  client.offer(frame());
  client.offer(frame());
  client.close();
  assert.equal(socket().closedWith, 1000);
  assert.deepEqual(states().pop(), 'closed');
  assert.deepEqual(outcomes().map(([, { reason }]) => reason), ['disconnected', 'disconnected']);
  assert.equal(host.timers.size, 0);
});

test('a closed client can be opened again, with its options', () => {
  const { client, sockets, socket } = readyClient();
  client.configure({ min_score: 0.6 });
  client.close();
  client.open();
  assert.equal(sockets.length, 2);
  socket().open();
  assert.equal(socket().last().min_score, 0.6);
  socket().welcome();
  assert.equal(client.wantsFrame(), true);
});

test('an unreadable message is reported and the session continues', () => {
  const { client, socket, heard } = readyClient();
  socket().onmessage({ data: new Uint8Array([0xc1]).buffer });
  const [[error, about]] = heard('error');
  assert.equal(error.code, 'bad_message');
  assert.equal(about, null);
  assert.equal(client.wantsFrame(), true);
});

// Callbacks that close the client, or open it again: what they were called for is over then.

const LOST = ({ socket }) => socket().die();
const REJECTED = ({ socket }) => socket().say({ type: 'error', code: 'bad_message', message: 'no', retryable: false });

for (const [callback, provoke] of [
  ['onWelcome', () => {}],
  ['onModel', () => {}],
  ['onError', REJECTED],
  ['onDropped', LOST],
]) {
  test(`a client that is closed in ${callback} stays closed`, () => {
    const puppet = puppetClient({ [callback]: () => puppet.client.close() });
    puppet.client.open();
    puppet.socket().open();
    puppet.socket().welcome();
    puppet.client.offer(frame());
    provoke(puppet);
    assert.equal(puppet.states().at(-1), 'closed');
    assert.equal(puppet.client.stats().state, 'closed');
    assert.equal(puppet.client.model, null);
    assert.equal(puppet.host.timers.size, 0);
  });
}

test('a client that is closed by the rejection of its hello is closed, not refused', () => {
  const puppet = puppetClient({ onError: () => puppet.client.close() });
  puppet.client.open();
  puppet.socket().open();
  REJECTED(puppet);
  assert.deepEqual(puppet.states(), ['connecting', 'closed']);
});

for (const name of ['connecting', 'reconnecting']) {
  test(`a client that is closed as soon as it is ${name} opens no socket`, () => {
    let isClosed = false;
    const puppet = puppetClient({
      onState: (state) => {
        if (state.name !== name) return;
        isClosed = true;
        puppet.client.close();
      },
    });
    puppet.client.open();
    if (!isClosed) LOST(puppet);
    assert.equal(puppet.client.stats().state, 'closed');
    assert.equal(puppet.sockets.length, name === 'connecting' ? 0 : 1);
    assert.equal(puppet.host.timers.size, 0);
  });
}

for (const end of [(puppet) => puppet.client.close(), LOST]) {
  test('a client that is opened again while its frames are dropped is connecting', () => {
    const puppet = puppetClient({ onDropped: () => puppet.client.open() });
    puppet.client.open();
    puppet.socket().open();
    puppet.socket().welcome();
    puppet.client.offer(frame());
    puppet.client.offer(frame());
    end(puppet);
    assert.equal(puppet.states().at(-1), 'connecting');
    assert.equal(puppet.sockets.length, 2);
    assert.equal(puppet.client.stats().dropped.disconnected, 2);
    puppet.socket().open();
    puppet.socket().welcome();
    assert.equal(puppet.states().at(-1), 'ready');
  });
}
