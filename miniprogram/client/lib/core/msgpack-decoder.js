// Generated from static/client/msgpack-decoder.js by `make miniprogram`; do not edit.
'use strict';

/** MessagePack, reading. */

const { MAX_DEPTH, MsgpackError } = require('./msgpack-error.js');
const { readUtf8 } = require('./utf8.js');

const TWO_32 = 4294967296;

/**
 * Decode one value. A bin becomes a Uint8Array with a buffer of its own, a map a plain object,
 * and an integer beyond 2^53 a BigInt where that exists.
 *
 * @param {Uint8Array|ArrayBuffer} data
 * @returns {any}
 * @throws {MsgpackError} if the bytes are truncated, nested too deep, of an unknown type, or too many
 */
function decode(data) {
  const bytes = ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
  const reader = new Reader(bytes);
  const value = reader.value(0);
  if (reader.at < bytes.length) {
    throw new MsgpackError(`${bytes.length - reader.at} trailing bytes`);
  }
  return value;
}

class Reader {
  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this._bytes = bytes;
    this._view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = 0;
  }

  /**
   * @param {number} depth
   * @returns {any}
   */
  value(depth) {
    if (depth > MAX_DEPTH) throw new MsgpackError(`nested deeper than ${MAX_DEPTH}`);
    const code = this._bytes[this._take(1)];
    if (code < 0x80) return code;
    if (code < 0x90) return this._map(code & 0x0f, depth);
    if (code < 0xa0) return this._array(code & 0x0f, depth);
    if (code < 0xc0) return this._string(code & 0x1f);
    if (code >= 0xe0) return code - 0x100;
    return this._coded(code, depth);
  }

  /**
   * @param {number} code
   * @param {number} depth
   */
  _coded(code, depth) {
    switch (code) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this._binary(this._unsigned(1 << (code - 0xc4)));
      case 0xca:
        return this._view.getFloat32(this._take(4));
      case 0xcb:
        return this._view.getFloat64(this._take(8));
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this._unsigned(1 << (code - 0xcc));
      case 0xcf:
        return this._wide(false);
      case 0xd0:
        return this._view.getInt8(this._take(1));
      case 0xd1:
        return this._view.getInt16(this._take(2));
      case 0xd2:
        return this._view.getInt32(this._take(4));
      case 0xd3:
        return this._wide(true);
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this._string(this._unsigned(1 << (code - 0xd9)));
      case 0xdc:
      case 0xdd:
        return this._array(this._unsigned(2 << (code - 0xdc)), depth);
      case 0xde:
      case 0xdf:
        return this._map(this._unsigned(2 << (code - 0xde)), depth);
      default:
        throw new MsgpackError(`type 0x${code.toString(16)} is not supported`);
    }
  }

  /** @param {number} width */
  _unsigned(width) {
    const at = this._take(width);
    if (width === 1) return this._bytes[at];
    return width === 2 ? this._view.getUint16(at) : this._view.getUint32(at);
  }

  /** @param {boolean} signed */
  _wide(signed) {
    const at = this._take(8);
    const high = signed ? this._view.getInt32(at) : this._view.getUint32(at);
    const low = this._view.getUint32(at + 4);
    const number = high * TWO_32 + low;
    if (Number.isSafeInteger(number) || typeof BigInt === 'undefined') return number;
    return BigInt(high) * BigInt(TWO_32) + BigInt(low);
  }

  /** @param {number} length */
  _binary(length) {
    const at = this._take(length);
    return this._bytes.slice(at, at + length);
  }

  /** @param {number} length */
  _string(length) {
    const at = this._take(length);
    return readUtf8(this._bytes, at, at + length);
  }

  /**
   * @param {number} length
   * @param {number} depth
   */
  _array(length, depth) {
    const items = [];
    for (let i = 0; i < length; i += 1) items.push(this.value(depth + 1));
    return items;
  }

  /**
   * @param {number} length
   * @param {number} depth
   */
  _map(length, depth) {
    /** @type {Record<string, any>} */
    const map = {};
    for (let i = 0; i < length; i += 1) {
      const key = this.value(depth + 1);
      if (typeof key === 'object') throw new MsgpackError('map keys must be strings or numbers');
      own(map, key, this.value(depth + 1));
    }
    return map;
  }

  /**
   * @param {number} count
   * @returns {number} where the next `count` bytes start
   */
  _take(count) {
    const at = this.at;
    if (count > this._bytes.length - at) throw new MsgpackError('truncated');
    this.at += count;
    return at;
  }
}

/**
 * Set an own property. Plain assignment to `__proto__` would change the prototype instead.
 * @param {Record<string, any>} map
 * @param {string} key
 * @param {any} value
 */
function own(map, key, value) {
  if (key !== '__proto__') map[key] = value;
  else Object.defineProperty(map, key, { value, writable: true, enumerable: true, configurable: true });
}

module.exports = { decode };
