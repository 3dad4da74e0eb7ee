/** A server's end of a socket and a clock, controlled by the test. */

import { FramewireClient } from '../../static/client/client.js';
import { decode, encode } from '../../static/client/msgpack.js';

export const MODEL = {
  name: 'digits',
  version: 3,
  label: null,
  task: 'detection',
  labels: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
  formats: ['jpeg', 'png'],
  width: 192,
  height: 192,
};

export const LIMITS = {
  window: 4,
  max_frame_bytes: 100000,
  max_pixels: 16000000,
  max_staleness_ms: 500,
};

/** A clock that only moves in `advance`, which runs the timers that fall due, in order. */
export class PuppetHost {
  constructor() {
    this.time = 1000;
    this.dice = 0.5;
    this.timers = new Map();
    this.nextTimer = 1;
    this.now = () => this.time;
    this.random = () => this.dice;
    this.setTimeout = (act, ms) => {
      this.timers.set(this.nextTimer, { at: this.time + ms, act });
      return this.nextTimer++;
    };
    this.clearTimeout = (timer) => this.timers.delete(timer);
  }

  advance(ms) {
    const end = this.time + ms;
    for (;;) {
      const due = [...this.timers].filter(([, { at }]) => at <= end).sort((a, b) => a[1].at - b[1].at);
      if (due.length === 0) break;
      const [timer, { at, act }] = due[0];
      this.timers.delete(timer);
      this.time = at;
      act();
    }
    this.time = end;
  }
}

export class PuppetSocket {
  constructor(url, protocols) {
    this.url = url;
    this.protocols = protocols;
    this.bufferedAmount = 0;
    this.sent = [];
    this.closedWith = null;
  }

  send(data) {
    if (Object.prototype.toString.call(data) !== '[object ArrayBuffer]') {
      throw new TypeError('a mini-program sends only an ArrayBuffer or a string');
    }
    this.sent.push(decode(data));
  }

  close(code) {
    this.closedWith = code;
  }

  // Called by tests

  open() {
    this.onopen({});
  }

  say(message) {
    this.onmessage({ data: encode(message).buffer });
  }

  die(code = 1006, reason = '') {
    this.onclose({ code, reason });
  }

  welcome(more = {}) {
    this.say({
      type: 'welcome',
      protocol: 'framewire.v1',
      session: 'a-session',
      model: MODEL,
      limits: LIMITS,
      heartbeat_s: 20,
      ...more,
    });
  }

  result(id, more = {}) {
    this.say({
      type: 'result',
      id,
      model_version: 3,
      batch: 1,
      timing_ms: { queue: 0, inference: 5, total: 6 },
      boxes: [],
      scores: [],
      classes: [],
      ...more,
    });
  }

  frames() {
    return this.sent.filter((message) => message.type === 'frame');
  }

  last() {
    return this.sent[this.sent.length - 1];
  }
}

/** A client with its puppets, and a list of its callbacks. */
export function puppetClient(options = {}) {
  const host = new PuppetHost();
  const sockets = [];
  const calls = [];
  const record = (name) => (...details) => calls.push([name, ...details]);
  const client = new FramewireClient({
    url: 'ws://gateway/ws',
    socket: (url, protocols) => {
      const socket = new PuppetSocket(url, protocols);
      sockets.push(socket);
      return socket;
    },
    now: host.now,
    setTimeout: host.setTimeout,
    clearTimeout: host.clearTimeout,
    random: host.random,
    onState: record('state'),
    onWelcome: record('welcome'),
    onModel: record('model'),
    onResult: record('result'),
    onDropped: record('dropped'),
    onError: record('error'),
    ...options,
  });
  const heard = (name) => calls.filter(([what]) => what === name).map(([, ...details]) => details);
  return {
    client,
    host,
    sockets,
    calls,
    heard,
    socket: () => sockets[sockets.length - 1],
    states: () => heard('state').map(([state]) => state.name),
    outcomes: () => calls.filter(([what]) => ['result', 'dropped', 'error'].includes(what)),
  };
}

/** The same, after the welcome. */
export function readyClient(options = {}, welcome = {}) {
  const puppet = puppetClient(options);
  puppet.client.open();
  puppet.socket().open();
  puppet.socket().welcome(welcome);
  return puppet;
}

export function frame(more = {}) {
  return { format: 'jpeg', data: new Uint8Array([1, 2, 3]), ...more };
}

/** Random integers below a bound, reproducible by seed (mulberry32). */
export function dice(seed) {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296) * below);
  };
}
