// Generated from static/client/msgpack-encoder.js by `make miniprogram`; do not edit.
'use strict';

/** MessagePack, writing. */

const { MAX_DEPTH, MsgpackError } = require('./msgpack-error.js');
const { utf8Length, writeUtf8 } = require('./utf8.js');

const FIRST_CAPACITY = 256; // bytes
const TWO_32 = 4294967296;

/**
 * Encode a value as MessagePack.
 *
 * Typed arrays, DataView and ArrayBuffer become bin. A map's `undefined` values are left out.
 * Whole numbers beyond 2^53 become floats; a BigInt stays an integer.
 *
 * @param {unknown} value
 * @returns {Uint8Array} with a buffer of exactly its length
 * @throws {MsgpackError} for a function, a symbol, a BigInt beyond 64 bits, or too deep a value
 */
function encode(value) {
  const writer = new Writer();
  writer.value(value, 0);
  return writer.finish();
}

class Writer {
  constructor() {
    this._bytes = new Uint8Array(FIRST_CAPACITY);
    this._view = new DataView(this._bytes.buffer);
    this._length = 0;
  }

  finish() {
    return this._bytes.slice(0, this._length);
  }

  /**
   * @param {unknown} value
   * @param {number} depth
   */
  value(value, depth) {
    if (depth > MAX_DEPTH) throw new MsgpackError(`nested deeper than ${MAX_DEPTH}`);
    switch (typeof value) {
      case 'string':
        return this._string(value);
      case 'number':
        return this._number(value);
      case 'boolean':
        return this._byte(value ? 0xc3 : 0xc2);
      case 'undefined':
        return this._byte(0xc0);
      case 'bigint':
        return this._bigint(value);
      case 'object':
        return this._object(value, depth);
      default:
        throw new MsgpackError(`cannot encode a ${typeof value}`);
    }
  }

  /**
   * @param {object|null} value
   * @param {number} depth
   */
  _object(value, depth) {
    if (value === null) return this._byte(0xc0);
    if (Array.isArray(value)) return this._array(value, depth);
    if (ArrayBuffer.isView(value)) {
      return this._binary(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
    }
    // `instanceof` does not recognize a buffer from another realm.
    const tag = Object.prototype.toString.call(value);
    if (tag === '[object ArrayBuffer]') return this._binary(new Uint8Array(/** @type {ArrayBuffer} */ (value)));
    if (tag === '[object Object]') {
      return this._map(/** @type {Record<string, unknown>} */ (value), depth);
    }
    throw new MsgpackError(`cannot encode ${tag}`);
  }

  /** @param {number} value */
  _number(value) {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) return this._float(value);
    if (value >= 0) return this._unsigned(value);
    return this._negative(value);
  }

  /** @param {number} value */
  _unsigned(value) {
    if (value < 0x80) this._byte(value);
    else if (value <= 0xff) this._head(0xcc, 1, value);
    else if (value <= 0xffff) this._head(0xcd, 2, value);
    else if (value < TWO_32) this._head(0xce, 4, value);
    else this._wide(0xcf, Math.floor(value / TWO_32), value % TWO_32);
  }

  /** @param {number} value */
  _negative(value) {
    if (value >= -32) this._byte(0x100 + value);
    else if (value >= -0x80) this._head(0xd0, 1, value + 0x100);
    else if (value >= -0x8000) this._head(0xd1, 2, value + 0x10000);
    else if (value >= -0x80000000) this._head(0xd2, 4, value + TWO_32);
    else {
      const high = Math.floor(value / TWO_32);
      this._wide(0xd3, high + TWO_32, value - high * TWO_32);
    }
  }

  /** @param {bigint} value */
  _bigint(value) {
    if (value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER) {
      return this._number(Number(value));
    }
    const signed = value < 0;
    const bits = signed ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value);
    if (bits !== value) throw new MsgpackError('integer does not fit in 64 bits');
    const low = BigInt.asUintN(32, value);
    const high = BigInt.asUintN(32, value >> BigInt(32));
    return this._wide(signed ? 0xd3 : 0xcf, Number(high), Number(low));
  }

  /** @param {number} value */
  _float(value) {
    const at = this._reserve(9);
    this._bytes[at] = 0xcb;
    this._view.setFloat64(at + 1, value);
  }

  /** @param {string} text */
  _string(text) {
    const length = utf8Length(text);
    if (length < 32) this._byte(0xa0 | length);
    else this._sized(length, 0xd9, 0xda, 0xdb);
    const at = this._reserve(length);
    writeUtf8(text, this._bytes, at);
  }

  /** @param {Uint8Array} bytes */
  _binary(bytes) {
    this._sized(bytes.length, 0xc4, 0xc5, 0xc6);
    const at = this._reserve(bytes.length);
    this._bytes.set(bytes, at);
  }

  /**
   * @param {unknown[]} items
   * @param {number} depth
   */
  _array(items, depth) {
    if (items.length < 16) this._byte(0x90 | items.length);
    else this._sized(items.length, null, 0xdc, 0xdd);
    for (const item of items) this.value(item, depth + 1);
  }

  /**
   * @param {Record<string, unknown>} map
   * @param {number} depth
   */
  _map(map, depth) {
    const keys = Object.keys(map).filter((key) => map[key] !== undefined);
    if (keys.length < 16) this._byte(0x80 | keys.length);
    else this._sized(keys.length, null, 0xde, 0xdf);
    for (const key of keys) {
      this._string(key);
      this.value(map[key], depth + 1);
    }
  }

  /**
   * @param {number} length
   * @param {number|null} code8
   * @param {number} code16
   * @param {number} code32
   */
  _sized(length, code8, code16, code32) {
    if (code8 !== null && length <= 0xff) this._head(code8, 1, length);
    else if (length <= 0xffff) this._head(code16, 2, length);
    else this._head(code32, 4, length);
  }

  /**
   * Write a type byte, then an unsigned number of 1, 2 or 4 bytes.
   * @param {number} code
   * @param {number} width
   * @param {number} number
   */
  _head(code, width, number) {
    const at = this._reserve(1 + width);
    this._bytes[at] = code;
    if (width === 1) this._bytes[at + 1] = number;
    else if (width === 2) this._view.setUint16(at + 1, number);
    else this._view.setUint32(at + 1, number);
  }

  /**
   * @param {number} code
   * @param {number} high
   * @param {number} low
   */
  _wide(code, high, low) {
    const at = this._reserve(9);
    this._bytes[at] = code;
    this._view.setUint32(at + 1, high);
    this._view.setUint32(at + 5, low);
  }

  /** @param {number} byte */
  _byte(byte) {
    const at = this._reserve(1);
    this._bytes[at] = byte;
  }

  /**
   * @param {number} count
   * @returns {number} where the reserved bytes start
   */
  _reserve(count) {
    const at = this._length;
    this._length += count;
    if (this._length > this._bytes.length) {
      this._grow(Math.max(this._length, 2 * this._bytes.length));
    }
    return at;
  }

  /** @param {number} capacity */
  _grow(capacity) {
    const old = this._bytes;
    this._bytes = new Uint8Array(capacity);
    this._view = new DataView(this._bytes.buffer);
    this._bytes.set(old);
  }
}

module.exports = { encode };
