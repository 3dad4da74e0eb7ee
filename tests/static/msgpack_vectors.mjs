/**
 * Reads vectors [{hex, value}] from stdin, where a value is tagged so that JSON does not bend it,
 * checks that each hex decodes to its value, and writes what encoding it again gives.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { decode, encode } from '../../static/client/msgpack.js';

function untag(value) {
  if (value === null || typeof value !== 'object') return value;
  if ('int' in value) {
    const number = Number(value.int);
    return Number.isSafeInteger(number) ? number : BigInt(value.int);
  }
  if ('float' in value) return Number(value.float.replace('inf', 'Infinity'));
  if ('bin' in value) return new Uint8Array(Buffer.from(value.bin, 'hex'));
  if ('array' in value) return value.array.map(untag);
  return Object.fromEntries(value.map.map(([key, item]) => [key, untag(item)]));
}

const vectors = JSON.parse(readFileSync(0, 'utf8'));
const packed = vectors.map(({ hex, value }) => {
  const decoded = decode(new Uint8Array(Buffer.from(hex, 'hex')));
  assert.deepEqual(decoded, untag(value));
  return Buffer.from(encode(decoded)).toString('hex');
});
process.stdout.write(JSON.stringify(packed));
