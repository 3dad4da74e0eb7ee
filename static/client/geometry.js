/** Sizes and places: how large a frame travels, and where a box of it lands on the screen. */

const UNKNOWN_MODEL_SIDE = 640; // worth sending when the model takes any size

/**
 * The size to send a picture in: just enough that both sides cover the model's input, with the
 * picture's own aspect, never enlarged, in even numbers (a JPEG halves its colours).
 *
 * @param {number} width of the picture, in pixels
 * @param {number} height
 * @param {{width: number|null, height: number|null}} model its input, in pixels
 * @param {{full: boolean, maxPixels: number}} options full: the picture's own size
 * @returns {{width: number, height: number}}
 */
export function sendSize(width, height, model, { full, maxPixels }) {
  const wanted = full ? 1 : coverScale(width, height, model);
  const allowed = Math.sqrt(maxPixels / (width * height));
  if (wanted >= 1 && allowed >= 1) return { width, height };
  const round = wanted <= allowed ? evenUp : evenDown;
  const scale = Math.min(wanted, allowed);
  return { width: round(width * scale, width), height: round(height * scale, height) };
}

function coverScale(width, height, model) {
  if (!model || !model.width || !model.height) return UNKNOWN_MODEL_SIDE / Math.max(width, height);
  return Math.max(model.width / width, model.height / height);
}

function evenUp(side, most) {
  // The epsilon keeps 192.00000000000003 from becoming 194.
  const even = 2 * Math.ceil((side - 1e-6) / 2);
  return Math.max(1, even <= most ? even : most);
}

function evenDown(side) {
  return Math.max(1, 2 * Math.floor(side / 2));
}

/** The largest rectangle of a picture's aspect that lies centred in a room. */
export function fit(width, height, roomWidth, roomHeight) {
  const scale = Math.min(roomWidth / width, roomHeight / height);
  const [w, h] = [width * scale, height * scale];
  return { x: (roomWidth - w) / 2, y: (roomHeight - h) / 2, width: w, height: h };
}

/** A box [x0, y0, x1, y1] in 0..1 of a frame that is shown in `place`, in pixels there. */
export function boxToRect([x0, y0, x1, y1], place) {
  return {
    x: place.x + x0 * place.width,
    y: place.y + y0 * place.height,
    width: (x1 - x0) * place.width,
    height: (y1 - y0) * place.height,
  };
}

/** Where a box's tag goes: above it, else inside its top, and never over the picture's side. */
export function tagPosition(box, tag, place) {
  const above = box.y - tag.height;
  const right = place.x + place.width - tag.width;
  return {
    x: Math.max(place.x, Math.min(box.x, right)),
    y: above >= place.y ? above : Math.max(box.y, place.y),
  };
}
