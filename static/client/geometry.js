/** Sizes and positions: how large a frame is sent, and where its boxes are on the screen. */

const DEFAULT_SIDE = 640; // pixels of the longer side, if the model takes any size

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
export function sendSize(width, height, model, { full, maxPixels }) {
  const preferred = full ? 1 : coverScale(width, height, model);
  const allowed = Math.sqrt(maxPixels / (width * height));
  if (preferred >= 1 && allowed >= 1) return { width, height };
  const round = preferred <= allowed ? evenUp : evenDown;
  const scale = Math.min(preferred, allowed);
  return { width: round(width * scale, width), height: round(height * scale, height) };
}

/**
 * @param {number} width
 * @param {number} height
 * @param {{width: number|null, height: number|null}|null} model
 */
function coverScale(width, height, model) {
  if (!model || !model.width || !model.height) return DEFAULT_SIDE / Math.max(width, height);
  return Math.max(model.width / width, model.height / height);
}

/**
 * @param {number} side
 * @param {number} max
 */
function evenUp(side, max) {
  // The epsilon keeps 192.00000000000003 from becoming 194.
  const even = 2 * Math.ceil((side - 1e-6) / 2);
  return Math.max(1, even <= max ? even : max);
}

/** @param {number} side */
function evenDown(side) {
  return Math.max(1, 2 * Math.floor(side / 2));
}

/**
 * The largest rectangle of an image's aspect ratio, centred in the space available.
 * @param {number} width of the image
 * @param {number} height
 * @param {number} availableWidth
 * @param {number} availableHeight
 * @returns {Rect}
 */
export function fit(width, height, availableWidth, availableHeight) {
  const scale = Math.min(availableWidth / width, availableHeight / height);
  const [w, h] = [width * scale, height * scale];
  return { x: (availableWidth - w) / 2, y: (availableHeight - h) / 2, width: w, height: h };
}

/**
 * Convert a box of a frame that is shown in `rect` to pixels there.
 * @param {number[]} box [x0, y0, x1, y1], each 0 to 1
 * @param {Rect} rect
 * @returns {Rect}
 */
export function boxToRect([x0, y0, x1, y1], rect) {
  return {
    x: rect.x + x0 * rect.width,
    y: rect.y + y0 * rect.height,
    width: (x1 - x0) * rect.width,
    height: (y1 - y0) * rect.height,
  };
}

/**
 * Where a box's tag goes: above the box if there is room, otherwise inside it at the top, and never
 * beyond the image's edge.
 * @param {Rect} box
 * @param {Size} tag
 * @param {Rect} image
 * @returns {import('./types.js').Point}
 */
export function tagPosition(box, tag, image) {
  const above = box.y - tag.height;
  const rightmost = image.x + image.width - tag.width;
  return {
    x: Math.max(image.x, Math.min(box.x, rightmost)),
    y: above >= image.y ? above : Math.max(box.y, image.y),
  };
}
