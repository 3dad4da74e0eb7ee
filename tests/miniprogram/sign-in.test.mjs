// The client's sign-in, with a socket that the test controls.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { PuppetSocket } from '../static/puppet.mjs';
import { library } from './library.mjs';

const { MiniProgramClient, SignIn } = library();

const URL_OF_LOGIN = 'https://example.org/v1/login';
const settle = () => new Promise(setImmediate);

/** A client on a phone whose login requests get these answers, in turn. */
function signingIn(answers, more = {}) {
  const stored = new Map();
  const about = { sockets: [], states: [], logins: 0, stored };
  globalThis.wx = {
    getStorageSync: (key) => stored.get(key) || '',
    setStorageSync: (key, value) => stored.set(key, value),
    login: ({ success }) => success({ code: `code-${(about.logins += 1)}` }),
    request: ({ data, success, fail }) => {
      about.asked = data;
      const answer = answers.shift();
      if (answer) success(answer);
      else fail({ errMsg: 'request:fail timeout' });
    },
  };
  about.client = new MiniProgramClient({
    url: 'wss://example.org/ws',
    signInUrl: URL_OF_LOGIN,
    socket: (url, protocols) => {
      const socket = new PuppetSocket(url, protocols);
      about.sockets.push(socket);
      return socket;
    },
    onState: ({ name }) => about.states.push(name),
    ...more,
  });
  about.socket = () => about.sockets[about.sockets.length - 1];
  return about;
}

const token = (name, seconds = 3600) => ({ statusCode: 200, data: { token: name, expires_in: seconds } });
const refusal = { type: 'error', code: 'unauthorized', message: 'no', retryable: false };

test('a phone whose storage is full or damaged signs in all the same, and once', async () => {
  const about = signingIn([token('good')]);
  const broken = () => {
    throw new Error('setStorageSync:fail database or disk is full');
  };
  Object.assign(globalThis.wx, { setStorageSync: broken, getStorageSync: broken });
  for (let i = 0; i < 2; i += 1) {
    about.client.open();
    about.socket().open();
    if (i === 0) about.socket().say(refusal);
    await settle();
    if (i === 0) about.socket().open();
    assert.equal(about.socket().last().token, 'good');
    about.socket().welcome();
    about.client.close();
  }
  assert.equal(about.logins, 1);
});

test('a rejected session signs in once and continues', async () => {
  const about = signingIn([token('good')]);
  about.client.open();
  about.socket().open();
  about.socket().say(refusal);
  await settle();
  assert.deepEqual(about.asked, { code: 'code-1' });
  about.socket().open();
  assert.equal(about.socket().last().token, 'good');
  about.socket().welcome();
  assert.deepEqual(about.states, ['connecting', 'signing_in', 'connecting', 'ready']);
  about.client.close();
});

test('a second rejection is final until the user tries again', async () => {
  const about = signingIn([token('bad'), token('good')]);
  about.client.open();
  for (let i = 0; i < 2; i += 1) {
    about.socket().open();
    about.socket().say(refusal);
    await settle();
  }
  assert.equal(about.sockets.length, 2);
  assert.deepEqual(about.states, ['connecting', 'signing_in', 'connecting', 'refused']);
  about.client.open();
  about.socket().open();
  about.socket().say(refusal);
  await settle();
  about.socket().open();
  assert.equal(about.socket().last().token, 'good');
  about.client.close();
});

test('a failed login reports its reason and is not repeated', async () => {
  for (const [answer, code] of [
    [{ statusCode: 403, data: { type: 'error', code: 'login_refused', message: 'blocked' } }, 'login_refused'],
    [{ statusCode: 404, data: 'not found' }, 'no_sign_in'],
    [{ statusCode: 502, data: '<html>' }, 'sign_in_failed'],
    [null, 'unreachable'],
  ]) {
    const states = [];
    const about = signingIn([answer], { onState: (state) => states.push(state) });
    about.client.open();
    about.socket().open();
    about.socket().say(refusal);
    await settle();
    const last = states[states.length - 1];
    assert.deepEqual([last.name, last.code], ['refused', code]);
    assert.equal(about.logins, 1);
  }
});

test('other rejections do not trigger a login', async () => {
  const about = signingIn([token('good')]);
  about.client.open();
  about.socket().open();
  about.socket().say({ ...refusal, code: 'forbidden_origin' });
  await settle();
  assert.equal(about.logins, 0);
  assert.equal(about.states.pop(), 'refused');
});

test('closing during the login does not reconnect', async () => {
  const about = signingIn([token('good')]);
  about.client.open();
  about.socket().open();
  about.socket().say(refusal);
  about.client.close();
  await settle();
  assert.equal(about.sockets.length, 1);
  assert.equal(about.states.pop(), 'closed');
});

test('a stored token is used while it is valid, and only for its own server', () => {
  const { stored } = signingIn([]);
  const entry = { url: URL_OF_LOGIN, token: 'stored', expiresAt: Date.now() + 60000, renewAt: 0 };
  const lookUp = (changes) => {
    stored.set('framewire.token', { ...entry, ...changes });
    return new SignIn({ url: URL_OF_LOGIN, onToken: () => {} }).stored();
  };
  assert.equal(lookUp({}), 'stored');
  assert.equal(lookUp({ expiresAt: Date.now() - 1 }), undefined);
  assert.equal(lookUp({ url: 'https://other.example.org/v1/login' }), undefined);
});

test('a session that is opened again has the token that was renewed while it was closed', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const about = signingIn([token('first', 1000)]);
  about.client.open();
  about.socket().open();
  about.socket().say(refusal);
  await settle();
  about.socket().open();
  let answer = null;
  wx.request = (options) => (answer = options);
  about.socket().welcome();
  t.mock.timers.tick(1e6);
  await settle();
  about.client.close();
  answer.success(token('second'));
  await settle();
  about.client.open();
  about.socket().open();
  assert.equal(about.socket().last().token, 'second');
  about.client.close();
});

test('concurrent renewals share one login', async () => {
  const about = signingIn([token('good')]);
  const signIn = new SignIn({ url: URL_OF_LOGIN, onToken: () => {} });
  assert.deepEqual(await Promise.all([signIn.renew(), signIn.renew()]), ['good', 'good']);
  assert.equal(about.logins, 1);
});

test('a token is renewed well before it expires', async () => {
  const { stored } = signingIn([token('good', 1000)]);
  await new SignIn({ url: URL_OF_LOGIN, onToken: () => {} }).renew();
  const { renewAt, expiresAt } = stored.get('framewire.token');
  assert.equal(Math.round((expiresAt - renewAt) / 1000), 200);
  assert.ok(Math.abs(expiresAt - Date.now() - 1e6) < 5000);
});

test('a token without a lifetime is rejected', async () => {
  for (const seconds of [undefined, 0, -5, 'soon']) {
    signingIn([{ statusCode: 200, data: { token: 'good', expires_in: seconds } }]);
    const signIn = new SignIn({ url: URL_OF_LOGIN, onToken: () => {} });
    await assert.rejects(signIn.renew(), { code: 'sign_in_failed' });
  }
});

for (const ending of ['well', 'badly']) {
  test(`a renewal that ends ${ending} after it was stopped has no effect`, async (t) => {
    const about = signingIn([token('first'), token('second')]);
    const tokens = [];
    const signIn = new SignIn({ url: URL_OF_LOGIN, onToken: (name) => tokens.push(name) });
    await signIn.renew();
    t.mock.timers.enable({ apis: ['setTimeout'] });
    let answer = null;
    wx.request = (options) => (answer = options);
    signIn.startRenewal();
    t.mock.timers.tick(3600 * 1000);
    await settle();
    signIn.stopRenewal();
    if (ending === 'well') answer.success(token('second'));
    else answer.fail({ errMsg: 'request:fail timeout' });
    await settle();
    t.mock.timers.tick(7200 * 1000);
    await settle();
    assert.deepEqual([tokens, about.logins], [[], 2]);
  });
}

test('requests to WeChat and to the gateway have a timeout', async () => {
  signingIn([]);
  const asked = [];
  wx.login = ({ timeout, success }) => {
    asked.push(timeout);
    success({ code: 'a' });
  };
  wx.request = ({ timeout, fail }) => {
    asked.push(timeout);
    fail({ errMsg: 'request:fail timeout' });
  };
  await assert.rejects(new SignIn({ url: URL_OF_LOGIN, onToken: () => {} }).renew(), { code: 'unreachable' });
  assert.deepEqual(asked, [15000, 15000]);
});
