// Generated from static/client/masks.d.ts by `make miniprogram`; do not edit.
/** The masks of a segmentation, and those of boxes. */
/**
 * The class of each pixel, row by row.
 * @param {import('./types.js').Masks} masks
 * @returns {Int32Array} `width` x `height` values; pixels without a run have class 0
 */
export function classOfEachPixel({ width, height, runs }: import("./types.js").Masks): Int32Array;
/**
 * The mask of a box.
 * @param {import('./types.js').BoxMasks|undefined} masks of a result; undefined: it has none
 * @param {number} i the box's number
 * @returns {import('./types.js').BoxMask|null} null: it has no mask
 */
export function maskOf(masks: import("./types.js").BoxMasks | undefined, i: number): import("./types.js").BoxMask | null;
