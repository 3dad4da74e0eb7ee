// Generated from static/client/corners.d.ts by `make miniprogram`; do not edit.
/** The corners of rotated boxes. */
/** @typedef {import('./types.js').Box} Box */
/** @typedef {import('./types.js').Corners} Corners */
/**
 * Where the corners of a box are within the upright one around them, so that they move with it.
 * @param {number[][]|undefined} corners of a result; undefined: its boxes are upright
 * @param {number} i the box's number
 * @param {Box} box
 * @returns {Corners|null} null: it is upright, or has no extent
 */
export function cornersOf(corners: number[][] | undefined, i: number, [x0, y0, x1, y1]: Box): Corners | null;
export type Box = import("./types.js").Box;
export type Corners = import("./types.js").Corners;
