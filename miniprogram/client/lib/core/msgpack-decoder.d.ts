// Generated from static/client/msgpack-decoder.d.ts by `make miniprogram`; do not edit.
/**
 * Decode one value. A bin becomes a Uint8Array with a buffer of its own, a map a plain object,
 * and an integer beyond 2^53 a BigInt where that exists.
 *
 * @param {Uint8Array|ArrayBuffer} data
 * @returns {any}
 * @throws {MsgpackError} if the bytes are truncated, nested too deep, of an unknown type, or too many
 */
export function decode(data: Uint8Array | ArrayBuffer): any;
