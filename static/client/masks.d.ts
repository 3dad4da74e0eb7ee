/** Expands the masks of a segmentation. */
/**
 * The class of each pixel, row by row.
 * @param {import('./types.js').Masks} masks
 * @returns {Int32Array} `width` x `height` values; pixels without a run have class 0
 */
export function classOfEachPixel({ width, height, runs }: import("./types.js").Masks): Int32Array;
