// Generated from static/client/utf8.d.ts by `make miniprogram`; do not edit.
/**
 * @param {string} text
 * @returns {number} its length in bytes
 */
export function utf8Length(text: string): number;
/**
 * Write `text` from `start` on, into `utf8Length(text)` bytes.
 * @param {string} text
 * @param {Uint8Array} bytes
 * @param {number} start
 */
export function writeUtf8(text: string, bytes: Uint8Array, start: number): void;
/**
 * @param {Uint8Array} bytes
 * @param {number} start
 * @param {number} end exclusive
 * @returns {string}
 */
export function readUtf8(bytes: Uint8Array, start: number, end: number): string;
