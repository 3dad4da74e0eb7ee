// Generated from static/client/geometry.d.ts by `make miniprogram`; do not edit.
/** @typedef {import('./types.js').Rect} Rect */
/** @typedef {import('./types.js').Size} Size */
/**
 * The size to send an image in: just large enough for both sides to cover the model's input, in the
 * image's own aspect ratio, never enlarged, in even numbers (JPEG halves the colour resolution).
 *
 * @param {number} width of the image, in pixels
 * @param {number} height
 * @param {{width: number|null, height: number|null}|null} model its input, in pixels
 * @param {{full: boolean, maxPixels: number}} options full: the image's own size
 * @returns {Size}
 */
export function sendSize(width: number, height: number, model: {
    width: number | null;
    height: number | null;
} | null, { full, maxPixels }: {
    full: boolean;
    maxPixels: number;
}): Size;
/**
 * The largest rectangle of an image's aspect ratio, centred in the space available.
 * @param {number} width of the image
 * @param {number} height
 * @param {number} availableWidth
 * @param {number} availableHeight
 * @returns {Rect}
 */
export function fit(width: number, height: number, availableWidth: number, availableHeight: number): Rect;
/**
 * Convert a box of a frame that is shown in `rect` to pixels there.
 * @param {number[]} box [x0, y0, x1, y1], each 0 to 1
 * @param {Rect} rect
 * @returns {Rect}
 */
export function boxToRect([x0, y0, x1, y1]: number[], rect: Rect): Rect;
/**
 * Where a box's tag goes: above the box if there is room, otherwise inside it at the top, and never
 * beyond the image's edge.
 * @param {Rect} box
 * @param {Size} tag
 * @param {Rect} image
 * @returns {import('./types.js').Point}
 */
export function tagPosition(box: Rect, tag: Size, image: Rect): import("./types.js").Point;
export type Rect = import("./types.js").Rect;
export type Size = import("./types.js").Size;
