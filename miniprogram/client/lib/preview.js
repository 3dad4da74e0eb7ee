/**
 * Where a frame's box is on the camera's preview.
 *
 * The preview shows the centre of the camera's picture, as much as fills its component. The frame
 * is the centre of the same picture, in a shape of its own, so each may cut off sides that the other
 * shows. Both share the centre, which is how one maps to the other.
 */
'use strict';

const NEARLY_SQUARE = 1.1;

/** @typedef {import('./index').Rect} Rect */
/** @typedef {import('./index').Size} Size */

/**
 * A frame's size once it is rotated upright.
 * @param {Size} frame
 * @param {import('./index').Rotation} rotate
 * @returns {Size}
 */
function uprightSize({ width, height }, rotate) {
  return rotate === 90 || rotate === 270 ? { width: height, height: width } : { width, height };
}

/**
 * How to rotate a frame to match the preview. A landscape frame of a portrait preview comes straight
 * from the sensor, which is mounted at a right angle: clockwise for the back camera,
 * counterclockwise for the front camera.
 * @param {Size} frame
 * @param {Size} preview
 * @param {'back'|'front'} position
 * @returns {import('./index').Rotation}
 */
function rotationFor(frame, preview, position) {
  const frameAspect = frame.width / frame.height;
  const previewAspect = preview.width / preview.height;
  const differ = (frameAspect > 1 && previewAspect < 1) || (frameAspect < 1 && previewAspect > 1);
  const isClear = Math.max(frameAspect, 1 / frameAspect) > NEARLY_SQUARE;
  if (!differ || !isClear) return 0;
  return position === 'front' ? 270 : 90;
}

/**
 * The rectangle that the whole frame takes on the preview; parts of it may be outside.
 *
 * @param {Size} frame upright
 * @param {Size} preview in the unit of the result
 * @param {number} [aspect] width / height of the camera's own picture, upright. By default the frame
 *   counts as all of that picture, which holds unless it is cropped narrower than the preview
 * @returns {Rect}
 */
function frameRect(frame, preview, aspect) {
  const frameAspect = frame.width / frame.height;
  const whole = aspect || frameAspect;
  // The camera's picture on the preview, then the frame's share of it.
  const height = Math.max(preview.height, preview.width / whole);
  const width = height * whole;
  const share = frameAspect < whole ? { x: frameAspect / whole, y: 1 } : { x: 1, y: whole / frameAspect };
  return {
    x: (preview.width - width * share.x) / 2,
    y: (preview.height - height * share.y) / 2,
    width: width * share.x,
    height: height * share.y,
  };
}

/**
 * @param {number[]} box [x0, y0, x1, y1], each 0 to 1, relative to the frame
 * @param {Rect} frame as `frameRect` returns it
 * @param {boolean} mirrored whether the preview is mirrored and the frame is not
 * @returns {Rect} on the preview
 */
function boxRect([x0, y0, x1, y1], frame, mirrored) {
  const left = mirrored ? 1 - x1 : x0;
  return {
    x: frame.x + left * frame.width,
    y: frame.y + y0 * frame.height,
    width: (x1 - x0) * frame.width,
    height: (y1 - y0) * frame.height,
  };
}

module.exports = { uprightSize, rotationFor, frameRect, boxRect };
