/**
 * Where a box of a frame lies on the camera's preview.
 *
 * The preview shows the middle of the camera's picture, as much as fills its component. The frame is
 * the middle of the same picture too, but with a shape of its own: so what one of them cuts off at
 * the sides, the other may show. Both share the centre, and that is what places one on the other.
 */
'use strict';

const NEARLY_SQUARE = 1.1;

/**
 * A frame's size once it is turned upright.
 * @param {import('./index').Size} frame
 * @param {import('./index').Rotation} rotate
 * @returns {import('./index').Size}
 */
function upright({ width, height }, rotate) {
  return rotate === 90 || rotate === 270 ? { width: height, height: width } : { width, height };
}

/**
 * How to turn a frame so that it stands like the preview: a frame that lies while the preview stands
 * comes straight from the sensor, which is turned by a quarter: one way for the camera on the back,
 * the other way for the front one.
 * @param {import('./index').Size} frame
 * @param {import('./index').Size} preview
 * @param {'back'|'front'} position
 * @returns {import('./index').Rotation}
 */
function rotationFor(frame, preview, position) {
  const lies = frame.width / frame.height;
  const stands = preview.height / preview.width;
  const differ = (lies > 1 && stands > 1) || (lies < 1 && stands < 1);
  const clear = Math.max(lies, 1 / lies) > NEARLY_SQUARE;
  if (!differ || !clear) return 0;
  return position === 'front' ? 270 : 90;
}

/**
 * The rectangle that the whole frame takes on the preview, parts of it perhaps outside.
 *
 * @param {import('./index').Size} frame upright
 * @param {import('./index').Size} preview in the unit of the result
 * @param {number} [aspect] width / height of the camera's own picture, upright. Without it the frame
 *   counts as all of that picture, which holds wherever the frame is not cut narrower than the preview
 * @returns {import('./index').Rect}
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
 * @param {number[]} box [x0, y0, x1, y1] in 0..1 of the frame
 * @param {import('./index').Rect} place of the frame, as `frameRect` gave it
 * @param {boolean} mirrored whether the preview shows left and right exchanged and the frame did not
 * @returns {import('./index').Rect} on the preview
 */
function boxRect([x0, y0, x1, y1], place, mirrored) {
  const left = mirrored ? 1 - x1 : x0;
  return {
    x: place.x + left * place.width,
    y: place.y + y0 * place.height,
    width: (x1 - x0) * place.width,
    height: (y1 - y0) * place.height,
  };
}

module.exports = { upright, rotationFor, frameRect, boxRect };
