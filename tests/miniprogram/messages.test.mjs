// The messages in both languages, every state, raw outputs, addresses and base64.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { dice, library } from './library.mjs';

globalThis.wx = { getStorageSync: () => '', getAppBaseInfo: () => ({ language: 'zh_CN' }) };

const { MESSAGES } = library('../../messages');
const { describe } = library('../../status');
const { explain, ofLoss, ofRefusal, ofWelcome } = library('../../diagnosis');
const { connectionFault } = library('../../faults');
const { messagesFor } = library('../../language');
const { classColour, readOutputs } = library('../../predictions');
const { addresses } = library('address');
const { decodeBase64 } = library('base64');

const APP = new URL('../../miniprogram/', import.meta.url);
const GLYPHS = [...readFileSync(new URL('components/glyph/glyph.wxss', APP), 'utf8').matchAll(/^\.(\w+) \{/gm)].map(([, name]) => name);
const FILES = [
  ...['notice', 'statistics', 'percentage', 'options', 'privacy', 'glyph', 'controls'].map((name) => `components/${name}/${name}`),
  ...['live', 'photo', 'settings', 'advanced'].map((name) => `pages/${name}/${name}`),
];
const NORMAL = { client: { name: 'ready' }, problem: null, online: true, backendGone: false, stall: null, host: 'wss://x' };

test('both languages have the same messages with the same placeholders', () => {
  assert.deepEqual(Object.keys(MESSAGES.zh), Object.keys(MESSAGES.en));
  const slots = (text) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
  for (const key of Object.keys(MESSAGES.en)) {
    assert.deepEqual(slots(MESSAGES.zh[key]), slots(MESSAGES.en[key]), key);
  }
});

test('every message that a page or a component uses exists', () => {
  for (const file of FILES) {
    for (const kind of ['wxml', 'js']) {
      const source = readFileSync(new URL(`${file}.${kind}`, APP), 'utf8');
      for (const [, key] of source.matchAll(/\bt\.([a-z]+(?:_[a-z]+)*)\b/g)) assert.ok(key in MESSAGES.zh, key);
    }
  }
});

test('every glyph that a template names exists', () => {
  for (const file of FILES) {
    const view = readFileSync(new URL(`${file}.wxml`, APP), 'utf8');
    for (const [, names] of view.matchAll(/<glyph name="([^"]+)"/g)) {
      const named = names.startsWith('{{') ? [...names.matchAll(/'(\w+)'/g)].map(([, name]) => name) : [names];
      for (const name of named) assert.ok(GLYPHS.includes(name), `${file}: ${name}`);
    }
  }
});

test('every handler in a template exists, and templates contain no text of their own', () => {
  for (const file of FILES) {
    const view = readFileSync(new URL(`${file}.wxml`, APP), 'utf8');
    const code = readFileSync(new URL(`${file}.js`, APP), 'utf8');
    for (const [, name] of view.matchAll(/\b(?:bind|catch)\w+="(\w+)"/g)) {
      assert.match(code, new RegExp(`^ {2,4}(async )?${name}\\(`, 'm'), `${file}: ${name}`);
    }
    assert.doesNotMatch(view.replace(/\{\{[^}]*\}\}/g, ''), />[^<>]*[\p{L}]{3,}[^<>]*</u, file);
  }
});

test('each state has a title, an explanation and an action in both languages', () => {
  const cases = [
    ['ready', {}],
    ['waiting', { backendGone: true }],
    ['waiting', { backendGone: true, stall: { name: 'failing', message: 'gone' } }],
    ['waiting', { client: { name: 'waiting' } }],
    ['stalled_model', { stall: { name: 'model' } }],
    ['stalled_server', { stall: { name: 'server' } }],
    ['stalled_full', { stall: { name: 'full' } }],
    ['stalled_failing', { stall: { name: 'failing', message: 'no memory' } }],
    ['camera_failed', { problem: { name: 'camera_failed' }, stall: { name: 'model' } }],
    ['no_model', { client: { name: 'waiting', code: 'unknown_model', message: 'no model x' } }],
    ['draining', { client: { name: 'draining', reason: 'stop' } }],
    ['connecting', { client: { name: 'connecting' } }],
    ['signing_in', { client: { name: 'signing_in' } }],
    ['reconnecting', { client: { name: 'reconnecting', code: 1006, reason: '' } }],
    ['full', { client: { name: 'reconnecting', code: 1013, reason: '' } }],
    ['full', { client: { name: 'reconnecting', code: 1006, reason: 'Unexpected response code: 503' } }],
    ['offline', { client: { name: 'reconnecting', code: 1006, reason: '' }, online: false }],
    ['wrong_domain', { client: { name: 'reconnecting', code: 1006, reason: 'fail url not in domain list' } }],
    ['bad_certificate', { client: { name: 'reconnecting', code: 1006, reason: 'SSL handshake' } }],
    ['unauthorized', { client: { name: 'refused', code: 'login_refused', message: 'blocked' } }],
    ['wrong_domain', { client: { name: 'refused', code: 'unreachable', message: 'url not in domain list' } }],
    ['refused', { client: { name: 'refused', code: 'forbidden_origin', message: 'no' } }],
    ['no_server', { problem: { name: 'no_server' }, client: { name: 'closed' } }],
    ['privacy', { problem: { name: 'privacy' } }],
    ['camera_refused', { problem: { name: 'camera_refused' } }],
    ['camera_blocked', { problem: { name: 'camera_blocked' } }],
    ['camera_failed', { problem: { name: 'camera_failed', message: 'busy' } }],
    ['bad_frame', { problem: { name: 'bad_frame', message: 'no way' } }],
    ['draining', { problem: { name: 'bad_frame', message: 'x' }, client: { name: 'draining', reason: '' } }],
  ];
  for (const [name, conditions] of cases) {
    for (const messages of Object.values(MESSAGES)) {
      const shown = describe({ ...NORMAL, ...conditions }, messages);
      assert.equal(shown.name, name);
      assert.ok(shown.title, name);
      assert.ok(GLYPHS.includes(shown.icon), name);
      assert.ok(name === 'ready' || shown.more, name);
      assert.ok(!shown.action || shown.actionText, name);
      assert.doesNotMatch(shown.title + shown.more, /\{|undefined/, name);
    }
  }
});

test('a certificate that a phone rejects is told in each phone’s words, and nothing else is', () => {
  const rejected = [
    'request:fail errcode:-202 cronet_error_code:-202 error_msg:net::ERR_CERT_AUTHORITY_INVALID',
    'java.security.cert.CertPathValidatorException: Trust anchor for certification path not found.',
    'javax.net.ssl.SSLHandshakeException: Handshake failed',
    '未能完成操作。（OSStatus错误 -9807。）',
    'The operation couldn’t be completed. (OSStatus error -9802.)',
  ];
  for (const reason of rejected) assert.equal(connectionFault(reason), 'bad_certificate', reason);
  for (const reason of ['timeout', 'net::ERR_CONNECTION_REFUSED', '未能完成操作。（OSStatus错误 -10815。）']) {
    assert.equal(connectionFault(reason), null, reason);
  }
});

test('each outcome of a connection test has a title and a next step in both languages', () => {
  const target = { isPlain: false, host: 'example.org' };
  const welcome = { protocol: 'framewire.v1', model: { name: 'digits', version: 3 } };
  const outcomes = [
    ofWelcome(welcome, 12.3),
    ofWelcome({ ...welcome, protocol: 'framewire.v2' }, 5),
    ofWelcome({ ...welcome, model: null }, 5),
    ...['no_login', 'login_refused', 'unauthorized', 'unknown_model', 'internal', 'unreachable'].map((code) =>
      ofRefusal({ code, message: 'reason' }, target),
    ),
    ofRefusal({ code: 'unreachable', message: 'url not in domain list' }, target),
    ofLoss({ code: 1013, reason: '' }, target),
    { name: 'draining' },
  ];
  const names = 'ok version waiting no_login login unauthorized no_model refused unauthorized wrong_domain full draining';
  assert.deepEqual(outcomes.map(({ name }) => name), names.split(' '));
  for (const outcome of outcomes) {
    for (const messages of Object.values(MESSAGES)) {
      const { kind, icon, title, more } = explain(outcome, messages);
      assert.ok(title && more && GLYPHS.includes(icon), outcome.name);
      assert.equal(kind === 'good', outcome.name === 'ok');
      assert.doesNotMatch(title + more, /\{|undefined/, outcome.name);
    }
  }
  assert.match(explain(outcomes[0], MESSAGES.en).more, /digits 3.* 12 ms/);
  assert.match(explain(outcomes[9], MESSAGES.en).more, /https:\/\/example\.org to the request domains/);
});

test('the language is the user’s choice, or the system’s', () => {
  assert.equal(messagesFor('auto'), MESSAGES.zh);
  assert.equal(messagesFor('en'), MESSAGES.en);
  wx.getAppBaseInfo = () => ({ language: 'fr' });
  assert.equal(messagesFor('auto'), MESSAGES.en);
});

test('an address is parsed in every form that a user may type', () => {
  const socket = (text) => (addresses(text) || {}).socket;
  assert.equal(socket('example.org'), 'wss://example.org/ws');
  assert.equal(socket(' https://example.org/ '), 'wss://example.org/ws');
  assert.equal(socket('wss://example.org:8443/vision/ws'), 'wss://example.org:8443/vision/ws');
  assert.equal(socket('http://127.0.0.1:8888'), 'ws://127.0.0.1:8888/ws');
  assert.deepEqual(addresses('example.org/vision'), {
    socket: 'wss://example.org/vision/ws',
    infer: 'https://example.org/vision/v1/infer',
    models: 'https://example.org/vision/v1/models',
    login: 'https://example.org/vision/v1/login',
  });
  for (const wrong of ['', 'two words', 'ftp://example.org', 'https://', 'a/b?c=d', 'x:999999']) {
    assert.equal(addresses(wrong), null, wrong);
  }
});

test('base64 is decoded to the last byte', () => {
  const random = dice(3);
  for (let length = 0; length < 70; length += 1) {
    const bytes = Uint8Array.from({ length }, () => random(256));
    const text = `data:;base64,${Buffer.from(bytes).toString('base64')}`;
    assert.deepEqual(decodeBase64(text, 13), bytes);
  }
});

test('raw outputs are listed with their type and first values', () => {
  const data = new Uint8Array(new Float32Array([0.25, 1 / 3, -2]).buffer);
  const result = { outputs: { probs: { dtype: 'float32', shape: [3], data } } };
  assert.deepEqual(readOutputs(result), [{ name: 'probs', type: 'float32 [3]', values: '0.25, 0.3333, -2' }]);
  assert.deepEqual(readOutputs({ boxes: [], scores: [], classes: [] }), []);
});

test('colours use a notation that every canvas supports', () => {
  const colours = Array.from({ length: 20 }, (_, i) => classColour(i));
  assert.equal(new Set(colours).size, 20);
  for (const colour of colours) assert.match(colour, /^#[0-9a-f]{6}$/);
});
