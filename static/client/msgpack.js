/**
 * MessagePack for the wire: nil, bool, int, float, str, bin, array and map.
 *
 * Plain ES2020 without a single host object: mini-programs have no
 * TextEncoder, and a browser, Node and a mini-program must read the same file.
 * Extension types are an error, because the wire has none.
 *
 *     encode({ type: 'ping', t: 12.5 })   // Uint8Array that owns its whole buffer
 *     decode(bytes)                       // the value; throws MsgpackError
 */

import { readUtf8, utf8Length, writeUtf8 } from './utf8.js';

const MAX_DEPTH = 64;
const TWO_32 = 4294967296;

/** Bytes that are not one complete MessagePack value of the kinds above. */
export class MsgpackError extends Error {
  constructor(message) {
    super(message);
    this.name = 'MsgpackError';
  }
}

/**
 * Turns a value into MessagePack.
 *
 * Typed arrays, DataView and ArrayBuffer become bin; a map's `undefined` values
 * are left out; whole numbers beyond 2^53 become floats, BigInt stays an integer.
 *
 * @param {*} value
 * @returns {Uint8Array} with a buffer of exactly its length
 * @throws {MsgpackError} for a function, a symbol, a BigInt beyond 64 bits, or too deep a value
 */
export function encode(value) {
  const writer = new Writer();
  writer.value(value, 0);
  return writer.finish();
}

/**
 * Reads one value. Strings come out as String, bin as Uint8Array with its own
 * buffer, maps as plain objects, integers beyond 2^53 as BigInt where that exists.
 *
 * @param {Uint8Array|ArrayBuffer} data
 * @throws {MsgpackError} if the bytes are truncated, too deep, of an unknown type, or too many
 */
export function decode(data) {
  const bytes = ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
  const reader = new Reader(bytes);
  const value = reader.value(0);
  if (reader.at < bytes.length) {
    throw new MsgpackError(`${bytes.length - reader.at} bytes after the value`);
  }
  return value;
}

class Writer {
  constructor() {
    this._grow(256);
    this._length = 0;
  }

  finish() {
    return this._bytes.slice(0, this._length);
  }

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
        throw new MsgpackError(`a ${typeof value} cannot be encoded`);
    }
  }

  _object(value, depth) {
    if (value === null) return this._byte(0xc0);
    if (Array.isArray(value)) return this._array(value, depth);
    if (ArrayBuffer.isView(value)) {
      return this._binary(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
    }
    // A buffer may come from another realm, where `instanceof` does not know it.
    const tag = Object.prototype.toString.call(value);
    if (tag === '[object ArrayBuffer]') return this._binary(new Uint8Array(value));
    if (tag === '[object Object]') return this._map(value, depth);
    throw new MsgpackError(`${tag} cannot be encoded`);
  }

  _number(value) {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) return this._float(value);
    if (value >= 0) return this._unsigned(value);
    return this._negative(value);
  }

  _unsigned(value) {
    if (value < 0x80) this._byte(value);
    else if (value <= 0xff) this._head(0xcc, 1, value);
    else if (value <= 0xffff) this._head(0xcd, 2, value);
    else if (value < TWO_32) this._head(0xce, 4, value);
    else this._wide(0xcf, Math.floor(value / TWO_32), value % TWO_32);
  }

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

  _bigint(value) {
    if (value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER) {
      return this._number(Number(value));
    }
    const signed = value < 0;
    const bits = signed ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value);
    if (bits !== value) throw new MsgpackError('an integer beyond 64 bits');
    const low = BigInt.asUintN(32, value);
    const high = BigInt.asUintN(32, value >> BigInt(32));
    return this._wide(signed ? 0xd3 : 0xcf, Number(high), Number(low));
  }

  _float(value) {
    const at = this._reserve(9);
    this._bytes[at] = 0xcb;
    this._view.setFloat64(at + 1, value);
  }

  _string(text) {
    const length = utf8Length(text);
    if (length < 32) this._byte(0xa0 | length);
    else this._sized(length, 0xd9, 0xda, 0xdb);
    const at = this._reserve(length);
    writeUtf8(text, this._bytes, at);
  }

  _binary(bytes) {
    this._sized(bytes.length, 0xc4, 0xc5, 0xc6);
    const at = this._reserve(bytes.length);
    this._bytes.set(bytes, at);
  }

  _array(items, depth) {
    if (items.length < 16) this._byte(0x90 | items.length);
    else this._sized(items.length, null, 0xdc, 0xdd);
    for (const item of items) this.value(item, depth + 1);
  }

  _map(map, depth) {
    const keys = Object.keys(map).filter((key) => map[key] !== undefined);
    if (keys.length < 16) this._byte(0x80 | keys.length);
    else this._sized(keys.length, null, 0xde, 0xdf);
    for (const key of keys) {
      this._string(key);
      this.value(map[key], depth + 1);
    }
  }

  _sized(length, code8, code16, code32) {
    if (code8 !== null && length <= 0xff) this._head(code8, 1, length);
    else if (length <= 0xffff) this._head(code16, 2, length);
    else this._head(code32, 4, length);
  }

  /** A type byte, then an unsigned number of 1, 2 or 4 bytes. */
  _head(code, width, number) {
    const at = this._reserve(1 + width);
    this._bytes[at] = code;
    if (width === 1) this._bytes[at + 1] = number;
    else if (width === 2) this._view.setUint16(at + 1, number);
    else this._view.setUint32(at + 1, number);
  }

  _wide(code, high, low) {
    const at = this._reserve(9);
    this._bytes[at] = code;
    this._view.setUint32(at + 1, high);
    this._view.setUint32(at + 5, low);
  }

  _byte(byte) {
    const at = this._reserve(1);
    this._bytes[at] = byte;
  }

  _reserve(count) {
    const at = this._length;
    this._length += count;
    if (this._length > this._bytes.length) {
      this._grow(Math.max(this._length, 2 * this._bytes.length));
    }
    return at;
  }

  _grow(capacity) {
    const old = this._bytes;
    this._bytes = new Uint8Array(capacity);
    this._view = new DataView(this._bytes.buffer);
    if (old) this._bytes.set(old);
  }
}

class Reader {
  constructor(bytes) {
    this._bytes = bytes;
    this._view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = 0;
  }

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
        throw new MsgpackError(`type 0x${code.toString(16)} is not used on this wire`);
    }
  }

  _unsigned(width) {
    const at = this._take(width);
    if (width === 1) return this._bytes[at];
    return width === 2 ? this._view.getUint16(at) : this._view.getUint32(at);
  }

  _wide(signed) {
    const at = this._take(8);
    const high = signed ? this._view.getInt32(at) : this._view.getUint32(at);
    const low = this._view.getUint32(at + 4);
    const number = high * TWO_32 + low;
    if (Number.isSafeInteger(number) || typeof BigInt === 'undefined') return number;
    return BigInt(high) * BigInt(TWO_32) + BigInt(low);
  }

  _binary(length) {
    const at = this._take(length);
    return this._bytes.slice(at, at + length);
  }

  _string(length) {
    const at = this._take(length);
    return readUtf8(this._bytes, at, at + length);
  }

  _array(length, depth) {
    const items = [];
    for (let i = 0; i < length; i += 1) items.push(this.value(depth + 1));
    return items;
  }

  _map(length, depth) {
    const map = {};
    for (let i = 0; i < length; i += 1) {
      const key = this.value(depth + 1);
      if (typeof key === 'object') throw new MsgpackError('a key must be a string or a number');
      own(map, key, this.value(depth + 1));
    }
    return map;
  }

  _take(count) {
    const at = this.at;
    if (count > this._bytes.length - at) throw new MsgpackError('truncated');
    this.at += count;
    return at;
  }
}

/** Sets an own property; a plain assignment to `__proto__` would change the object's kind. */
function own(map, key, value) {
  if (key !== '__proto__') map[key] = value;
  else Object.defineProperty(map, key, { value, writable: true, enumerable: true, configurable: true });
}
