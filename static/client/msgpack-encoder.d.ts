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
export function encode(value: unknown): Uint8Array;
