// Decodes the kit's messages with the JavaScript client, and prints those that come out wrong.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

import { decode } from '../../static/client/msgpack.js';

const { codec } = JSON.parse(await readFile(new URL('../../conformance/kit.json', import.meta.url), 'utf8'));

/** A decoded value as the kit writes it. Numbers beyond 2^53 are as inexact as JSON.parse has them. */
function written(value) {
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Uint8Array) return { $bin: Buffer.from(value).toString('base64') };
  if (Array.isArray(value)) return value.map(written);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, written(item)]));
}

for (const { name, value, msgpack } of codec) {
  assert.deepEqual(written(decode(new Uint8Array(Buffer.from(msgpack, 'hex')))), value, name);
}
console.log(codec.length);
