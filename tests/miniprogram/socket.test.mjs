// A mini-program's socket, with the quirks of phones.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { library } from './library.mjs';

const { connectSocket } = library('socket');

class Task {
  constructor(options) {
    this.options = options;
    this.sent = [];
    this.closed = [];
    this.readyState = 0;
    for (const name of ['Open', 'Message', 'Error', 'Close']) {
      this[`on${name}`] = (act) => (this[name] = act);
    }
  }

  send({ data }) {
    this.sent.push(data);
  }

  close({ code }) {
    this.closed.push(code);
  }
}

const tasks = [];
let appHears = null;
globalThis.wx = {
  connectSocket: (options) => {
    const task = new Task(options);
    tasks.push(task);
    if (wx.refuses) options.fail({ errMsg: wx.refuses });
    return task;
  },
  onSocketClose: (act) => {
    assert.equal(appHears, null, 'it cannot be removed, so it is set once');
    appHears = act;
  },
};

function socketOf() {
  const events = [];
  const socket = connectSocket('wss://example.org/ws', ['framewire.v1.msgpack']);
  const task = tasks[tasks.length - 1];
  socket.onopen = () => events.push('open');
  socket.onmessage = ({ data }) => events.push(data);
  socket.onclose = ({ code, reason }) => events.push([code, reason]);
  return { socket, task, events };
}

test('offers its protocols as an array, with TCP_NODELAY', () => {
  const { task } = socketOf();
  const { url, protocols, tcpNoDelay } = task.options;
  assert.equal(url, 'wss://example.org/ws');
  assert.deepEqual([protocols, tcpNoDelay], [['framewire.v1.msgpack'], true]);
});

test('reports messages, and its close once', () => {
  const { socket, task, events } = socketOf();
  task.Open();
  const data = new ArrayBuffer(3);
  task.Message({ data });
  socket.send(data);
  assert.equal(task.sent[0], data);
  task.Close({ code: 1001, reason: 'going away' });
  task.Error({ errMsg: 'later' });
  assert.deepEqual(events, ['open', data, [1001, 'going away']]);
});

test('an error without a close counts as one, and frees the socket', () => {
  const { task, events } = socketOf();
  task.Error({ errMsg: 'ssl handshake failed' });
  assert.deepEqual(events, [[1006, 'ssl handshake failed']]);
  assert.equal(task.closed.length, 1);
});

test('a failure before listeners are set is reported later', async () => {
  wx.refuses = 'connectSocket:fail url not in domain list';
  const { events } = socketOf();
  delete wx.refuses;
  assert.deepEqual(events, []);
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(events, [[1006, 'connectSocket:fail url not in domain list']]);
});

test('a close reported only globally counts, but not another socket’s', () => {
  const [gone, alive] = [socketOf(), socketOf()];
  for (const { task } of [gone, alive]) task.Open();
  [gone.task.readyState, alive.task.readyState] = [3, 1];
  appHears({ code: 1006, reason: 'abnormal' });
  assert.deepEqual(gone.events, ['open', [1006, 'abnormal']]);
  assert.deepEqual(alive.events, ['open']);
  appHears({ code: 1006, reason: 'abnormal' });
  assert.equal(gone.events.length, 2);
});

test('closed while connecting, it closes once open', () => {
  const { socket, task, events } = socketOf();
  socket.close(1000);
  task.Open();
  assert.equal(task.closed.length, 2);
  assert.deepEqual(events, []);
});

test('a close without a code, or without an event, is a close', () => {
  for (const [name, event] of [['Close', undefined], ['Close', {}], ['Error', undefined]]) {
    const { task, events } = socketOf();
    task.Open();
    task[name](event);
    assert.deepEqual(events, ['open', [1006, '']]);
  }
  const { task, events } = socketOf();
  task.Open();
  task.readyState = 3;
  appHears(undefined);
  assert.deepEqual(events, ['open', [1006, '']]);
});

test('after close() nothing is reported', () => {
  const { socket, task, events } = socketOf();
  task.Open();
  socket.close(3001);
  task.Close({ code: 3001, reason: '' });
  task.Message({ data: new ArrayBuffer(1) });
  assert.deepEqual(events, ['open']);
  assert.deepEqual(task.closed, [3001]);
});
