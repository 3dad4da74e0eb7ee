// The socket of a mini-program, with what phones do to it.

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
    assert.equal(appHears, null, 'it cannot be taken back, so it is set once');
    appHears = act;
  },
};

function socketOf() {
  const told = [];
  const socket = connectSocket('wss://example.org/ws', ['framewire.v1.msgpack']);
  const task = tasks[tasks.length - 1];
  socket.onopen = () => told.push('open');
  socket.onmessage = ({ data }) => told.push(data);
  socket.onclose = ({ code, reason }) => told.push([code, reason]);
  return { socket, task, told };
}

test('offers its protocols as an array, with TCP_NODELAY', () => {
  const { task } = socketOf();
  const { url, protocols, tcpNoDelay } = task.options;
  assert.equal(url, 'wss://example.org/ws');
  assert.deepEqual([protocols, tcpNoDelay], [['framewire.v1.msgpack'], true]);
});

test('reports messages, and its close once', () => {
  const { socket, task, told } = socketOf();
  task.Open();
  const data = new ArrayBuffer(3);
  task.Message({ data });
  socket.send(data);
  assert.equal(task.sent[0], data);
  task.Close({ code: 1001, reason: 'going away' });
  task.Error({ errMsg: 'later' });
  assert.deepEqual(told, ['open', data, [1001, 'going away']]);
});

test('an error without a close counts as one, and frees the socket', () => {
  const { task, told } = socketOf();
  task.Error({ errMsg: 'ssl handshake failed' });
  assert.deepEqual(told, [[1006, 'ssl handshake failed']]);
  assert.equal(task.closed.length, 1);
});

test('a failure before listeners are set is reported later', async () => {
  wx.refuses = 'connectSocket:fail url not in domain list';
  const { told } = socketOf();
  delete wx.refuses;
  assert.deepEqual(told, []);
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(told, [[1006, 'connectSocket:fail url not in domain list']]);
});

test('a close reported only globally counts, but not another socket’s', () => {
  const [gone, alive] = [socketOf(), socketOf()];
  for (const { task } of [gone, alive]) task.Open();
  [gone.task.readyState, alive.task.readyState] = [3, 1];
  appHears({ code: 1006, reason: 'abnormal' });
  assert.deepEqual(gone.told, ['open', [1006, 'abnormal']]);
  assert.deepEqual(alive.told, ['open']);
  appHears({ code: 1006, reason: 'abnormal' });
  assert.equal(gone.told.length, 2);
});

test('closed while connecting, it closes once open', () => {
  const { socket, task, told } = socketOf();
  socket.close(1000);
  task.Open();
  assert.equal(task.closed.length, 2);
  assert.deepEqual(told, []);
});

test('a close without a code, or without an event, is a close', () => {
  for (const [name, event] of [['Close', undefined], ['Close', {}], ['Error', undefined]]) {
    const { task, told } = socketOf();
    task.Open();
    task[name](event);
    assert.deepEqual(told, ['open', [1006, '']]);
  }
  const { task, told } = socketOf();
  task.Open();
  task.readyState = 3;
  appHears(undefined);
  assert.deepEqual(told, ['open', [1006, '']]);
});

test('after close() nothing is reported', () => {
  const { socket, task, told } = socketOf();
  task.Open();
  socket.close(3001);
  task.Close({ code: 3001, reason: '' });
  task.Message({ data: new ArrayBuffer(1) });
  assert.deepEqual(told, ['open']);
  assert.deepEqual(task.closed, [3001]);
});
