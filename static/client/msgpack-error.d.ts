/** The error of the encoder and the decoder. */
/** How deep arrays and maps may nest. */
export const MAX_DEPTH: 64;
/** Bytes that are not exactly one MessagePack value, or a value that has no MessagePack form. */
export class MsgpackError extends Error {
    /** @param {string} message */
    constructor(message: string);
}
