// Generated from static/client/msgpack.js by `make miniprogram`; do not edit.
'use strict';

/**
 * MessagePack for the wire: nil, bool, int, float, str, bin, array and map.
 *
 * Plain ES2020 without host objects, so that browsers, Node and mini-programs, which lack
 * TextEncoder, run the same file. The wire has no extension types, so they are an error.
 *
 *     encode({ type: 'ping', t: 12.5 })   // a Uint8Array that owns its whole buffer
 *     decode(bytes)                       // the value; throws MsgpackError
 */

const { decode } = require('./msgpack-decoder.js');
const { encode } = require('./msgpack-encoder.js');
const { MsgpackError } = require('./msgpack-error.js');

module.exports = { decode, encode, MsgpackError };
