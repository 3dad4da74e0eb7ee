// MessagePack and UTF-8: the rules, the limits, and a comparison with the runtime's own text codecs.
// test_javascript.py checks vectors from Python's msgpack.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { MsgpackError, decode, encode } from '../../static/client/msgpack.js';
import { dice } from './puppet.mjs';

const hex = (bytes) => Buffer.from(bytes).toString('hex');
const bytes = (text) => new Uint8Array(Buffer.from(text, 'hex'));
const same = (value) => assert.deepEqual(decode(encode(value)), value);

test('every integer takes its shortest form', () => {
  const forms = [
    [0, '00'],
    [127, '7f'],
    [128, 'cc80'],
    [255, 'ccff'],
    [256, 'cd0100'],
    [65535, 'cdffff'],
    [65536, 'ce00010000'],
    [4294967295, 'ceffffffff'],
    [4294967296, 'cf0000000100000000'],
    [Number.MAX_SAFE_INTEGER, 'cf001fffffffffffff'],
    [-1, 'ff'],
    [-32, 'e0'],
    [-33, 'd0df'],
    [-128, 'd080'],
    [-129, 'd1ff7f'],
    [-32768, 'd18000'],
    [-32769, 'd2ffff7fff'],
    [-2147483648, 'd280000000'],
    [-2147483649, 'd3ffffffff7fffffff'],
    [Number.MIN_SAFE_INTEGER, 'd3ffe0000000000001'],
  ];
  for (const [number, form] of forms) {
    assert.equal(hex(encode(number)), form);
    assert.equal(decode(bytes(form)), number);
    assert.equal(hex(encode(BigInt(number))), form);
  }
});

test('integers beyond 2^53 are BigInt, and beyond 64 bits an error', () => {
  for (const big of [2n ** 53n, 2n ** 64n - 1n, -(2n ** 53n), -(2n ** 63n)]) same(big);
  for (const big of [2n ** 64n, -(2n ** 63n) - 1n]) assert.throws(() => encode(big), MsgpackError);
});

test('fractions, infinities, NaN and negative zero are floats', () => {
  for (const number of [0.1, -1.5, 1e300, Infinity, -Infinity, NaN, 2 ** 60]) {
    assert.equal(encode(number)[0], 0xcb);
    same(number);
  }
  assert.ok(Object.is(decode(encode(-0)), -0));
  assert.equal(decode(bytes('ca3fc00000')), 1.5);
});

test('lengths around every change of encoding survive', () => {
  for (const length of [0, 1, 15, 16, 31, 32, 255, 256, 65535, 65536, 70000]) {
    same('x'.repeat(length));
    same(new Uint8Array(length).fill(7));
    same(Array.from({ length }, (_, i) => i % 100));
    same(Object.fromEntries(Array.from({ length }, (_, i) => [`k${i}`, i])));
  }
});

test('every kind of buffer becomes bin, of exactly its own bytes', () => {
  const backing = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]).buffer;
  const expected = hex(encode(new Uint8Array([3, 4, 5, 6])));
  assert.equal(expected, 'c40403040506');
  for (const view of [
    new Uint8Array(backing, 2, 4),
    new Uint8ClampedArray(backing, 2, 4),
    new DataView(backing, 2, 4),
    new Uint16Array(backing, 2, 2),
    Buffer.from(backing, 2, 4),
    backing.slice(2, 6),
  ]) {
    assert.equal(hex(encode(view)), expected);
  }
});

test('the encoded bytes span their whole buffer, so that the buffer can be sent', () => {
  for (const value of [1, 'text', new Uint8Array(5000), { a: [1, 2, 3] }]) {
    const encoded = encode(value);
    assert.equal(encoded.byteOffset, 0);
    assert.equal(encoded.byteLength, encoded.buffer.byteLength);
  }
});

test('a decoded bin does not share the message’s memory', () => {
  const message = encode(new Uint8Array([1, 2, 3]));
  const bin = decode(message);
  message.fill(0);
  assert.deepEqual(bin, new Uint8Array([1, 2, 3]));
  assert.equal(bin.buffer.byteLength, 3);
});

test('decodes from an ArrayBuffer and from the middle of one', () => {
  const message = encode({ t: 1.5 });
  const roomy = new Uint8Array(message.length + 10);
  roomy.set(message, 5);
  assert.deepEqual(decode(message.buffer), { t: 1.5 });
  assert.deepEqual(decode(roomy.subarray(5, 5 + message.length)), { t: 1.5 });
});

test('undefined is left out of a map and is nil elsewhere', () => {
  assert.equal(hex(encode({ a: undefined, b: 1 })), '81a16201');
  assert.deepEqual(decode(encode([undefined, null])), [null, null]);
});

test('values without a wire form are rejected', () => {
  for (const value of [() => 1, Symbol('s'), new Date(0), new Map(), /x/, [new Set()]]) {
    assert.throws(() => encode(value), MsgpackError);
  }
});

test('a hostile key is an ordinary key', () => {
  const decoded = decode(encode(JSON.parse('{"__proto__": {"polluted": true}, "b": 1}')));
  assert.equal(decoded.polluted, undefined);
  assert.deepEqual(Object.keys(decoded), ['__proto__', 'b']);
  assert.equal({}.polluted, undefined);
});

test('truncated, trailing and unsupported bytes are clear errors', () => {
  const whole = encode({ type: 'result', boxes: [[0.1, 0.2, 0.3, 0.4]], data: new Uint8Array(40) });
  for (let length = 0; length < whole.length; length += 1) {
    assert.throws(() => decode(whole.subarray(0, length)), /truncated/);
  }
  assert.throws(() => decode(new Uint8Array([...whole, 0, 0])), /2 trailing bytes/);
  for (const ext of ['c1', 'c70000', 'c8000000', 'd40100', 'd6ff00000000', 'd8ff']) {
    assert.throws(() => decode(bytes(ext)), /type 0x/);
  }
  for (const key of ['81c0c0', '819000', '818000', '81c40000']) {
    assert.throws(() => decode(bytes(key)), /map keys must be/);
  }
});

test('a huge declared length allocates nothing', () => {
  const started = Date.now();
  for (const liar of ['ddffffffff', 'dfffffffff', 'c6ffffffff', 'dbffffffff', 'ddffffffffc0']) {
    assert.throws(() => decode(bytes(liar)), /truncated/);
  }
  assert.ok(Date.now() - started < 1000);
});

test('depth is bounded in both directions', () => {
  const nested = (depth) => (depth === 0 ? 1 : [nested(depth - 1)]);
  same(nested(64));
  assert.throws(() => encode(nested(65)), /deeper than 64/);
  assert.throws(() => decode(new Uint8Array(100000).fill(0x91)), /deeper than 64/);
  const loop = {};
  loop.self = loop;
  assert.throws(() => encode(loop), /deeper than 64/);
});

test('text is written as TextEncoder writes it', () => {
  const samples = ['', 'abc', 'é', '数字', '😀', 'a😀b', '\ud800', '\udc00x', 'x\ud800', '\ud83dy', '\0'];
  for (const text of samples) {
    const encoded = encode(text);
    assert.equal(hex(encoded.subarray(1)), hex(new TextEncoder().encode(text)), JSON.stringify(text));
  }
});

test('any bytes are read as TextDecoder reads them', () => {
  const witness = new TextDecoder('utf-8', { ignoreBOM: true });
  const random = dice(11);
  const telling = [0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf];
  telling.push(0xe0, 0xe1, 0xed, 0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0xff);
  for (let i = 0; i < 20000; i += 1) {
    const text = Array.from({ length: random(9) }, () => telling[random(telling.length)]);
    const message = new Uint8Array([0xa0 | text.length, ...text]);
    assert.equal(decode(message), witness.decode(new Uint8Array(text)), hex(text));
  }
});

test('long texts of wide characters survive', () => {
  same('😀'.repeat(10000));
  same('数'.repeat(10000));
});

test('random bytes decode or throw MsgpackError', () => {
  const random = dice(5);
  let decoded = 0;
  for (let i = 0; i < 20000; i += 1) {
    const noise = Uint8Array.from({ length: random(24) }, () => random(256));
    try {
      decode(noise);
      decoded += 1;
    } catch (error) {
      assert.ok(error instanceof MsgpackError, `${hex(noise)}: ${error.stack}`);
    }
  }
  assert.ok(decoded > 0);
});
