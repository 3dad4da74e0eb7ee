/**
 * MessagePack for the wire: nil, bool, int, float, str, bin, array and map.
 *
 * Plain ES2020 without host objects, so that browsers, Node and mini-programs, which lack
 * TextEncoder, run the same file. The wire has no extension types, so they are an error.
 *
 *     encode({ type: 'ping', t: 12.5 })   // a Uint8Array that owns its whole buffer
 *     decode(bytes)                       // the value; throws MsgpackError
 */

export { decode } from './msgpack-decoder.js';
export { encode } from './msgpack-encoder.js';
export { MsgpackError } from './msgpack-error.js';
