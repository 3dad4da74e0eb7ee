// Raw outputs, made readable.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { firstValues, summarize } from '../../static/client/tensor.js';

const bytes = (values) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
const tensor = (dtype, values) => ({ dtype, shape: [values.length], data: bytes(values) });

test('every dtype is read, little-endian and from an unaligned buffer', () => {
  for (const [dtype, values, expected] of [
    ['bool', new Uint8Array([0, 1]), [0, 1]],
    ['uint8', new Uint8Array([255]), [255]],
    ['int8', new Int8Array([-1]), [-1]],
    ['uint16', new Uint16Array([65535]), [65535]],
    ['int16', new Int16Array([-2]), [-2]],
    ['uint32', new Uint32Array([4294967295]), [4294967295]],
    ['int32', new Int32Array([-3]), [-3]],
    ['uint64', new BigUint64Array([2n ** 40n]), [2 ** 40]],
    ['int64', new BigInt64Array([-5n, 2n ** 33n]), [-5, 2 ** 33]],
    ['float16', new Uint16Array([0x3c00, 0xc000, 0x0001, 0x7c00]), [1, -2, 2 ** -24, Infinity]],
    ['bfloat16', new Uint16Array([0x3f80, 0xc000]), [1, -2]],
    ['float32', new Float32Array([0.5]), [0.5]],
    ['float64', new Float64Array([0.1]), [0.1]],
  ]) {
    const shifted = new Uint8Array(values.byteLength + 1);
    shifted.set(bytes(values), 1);
    const data = shifted.subarray(1);
    assert.deepEqual(firstValues({ dtype, shape: [values.length], data }, 9), expected, dtype);
  }
});

test('a summary has the type, rounded values, and an ellipsis if there are more', () => {
  const long = tensor('float32', new Float32Array([1 / 3, 2, 1e9]));
  assert.deepEqual(summarize(long, 2), { type: 'float32 [3]', values: '0.3333, 2, …' });
  assert.deepEqual(summarize(long, 3), { type: 'float32 [3]', values: '0.3333, 2, 1000000000' });
  assert.deepEqual(summarize({ dtype: 'string', shape: [], data: ['cat'] }, 8), { type: 'string []', values: 'cat' });
  assert.deepEqual(summarize({ dtype: 'float32', shape: [0], data: new Uint8Array() }, 8), { type: 'float32 [0]', values: '' });
  assert.equal(summarize({ dtype: 'complex64', shape: [1], data: new Uint8Array(8) }, 8).values, '');
  assert.equal(summarize({ dtype: 'float32', shape: [2], data: [1.5, null] }, 8).values, '1.5, null');
});
