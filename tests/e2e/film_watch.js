/**
 * Runs before the page's own scripts, and watches its stage while the camera plays the film of
 * moving_film.py: which frame of the film is drawn there, and which boxes over it.
 *
 * It looks at calls of the canvas and at pixels only, so it sees what a user sees.
 */
(() => {
  const CELLS = 9;
  const STRIP_AT = 8 / 480; // the middle of the strip, relative to the frame's height
  const SAMPLE_MS = 50;
  const LEAST_OPACITY = 0.5; // a fainter box is not there yet, or there no longer

  const pen = CanvasRenderingContext2D.prototype;
  const { drawImage, roundRect, stroke } = pen;
  const isStage = ({ canvas }) => canvas.id === 'canvas';
  const samples = [];
  let rect = null; // of the picture on the stage, in CSS pixels
  let path = null;
  let stage = { frame: null, boxes: [] };

  pen.drawImage = function watched(...details) {
    drawImage.apply(this, details);
    if (!isStage(this)) return;
    rect = { x: details[1], y: details[2], width: details[3], height: details[4] };
    stage = { frame: frameOn(this, this.getTransform().a), boxes: [] };
  };

  pen.roundRect = function watched(...details) {
    path = details;
    roundRect.apply(this, details);
  };

  /** A box is stroked twice, a tag never. */
  pen.stroke = function watched() {
    stroke.call(this);
    if (!isStage(this) || path === null) return;
    const [x, y, width, height] = path;
    path = null;
    if (this.globalAlpha < LEAST_OPACITY) return;
    const [left, top] = [(x - rect.x) / rect.width, (y - rect.y) / rect.height];
    stage.boxes.push([left, top, left + width / rect.width, top + height / rect.height]);
  };

  function frameOn(context, scale) {
    const [x, y, width] = [rect.x, rect.y + STRIP_AT * rect.height, rect.width].map((side) => Math.round(side * scale));
    const { data } = context.getImageData(x, y, width, 1);
    return number((cell) => data[4 * Math.floor(((cell + 0.5) * width) / CELLS)]);
  }

  const strip = new OffscreenCanvas(CELLS, 1).getContext('2d', { willReadFrequently: true });
  strip.imageSmoothingEnabled = false;

  /** The frame that the camera delivers now. */
  function frameOfCamera() {
    const video = document.querySelector('video');
    if (!video || !video.videoWidth) return null;
    const y = STRIP_AT * video.videoHeight;
    strip.drawImage(video, 0, y, video.videoWidth, 1, 0, 0, CELLS, 1);
    const { data } = strip.getImageData(0, 0, CELLS, 1);
    return number((cell) => data[4 * cell]);
  }

  function number(grayOf) {
    let read = 0;
    for (let cell = 0; cell < CELLS; cell += 1) read = 2 * read + (grayOf(cell) > 128 ? 1 : 0);
    return read;
  }

  setInterval(() => {
    const camera = frameOfCamera();
    if (camera === null || stage.frame === null) return;
    const result = window.framewire && window.framewire.lastResult();
    samples.push({ shown: stage.frame, drawn: stage.boxes, camera, received: result ? result.boxes : [] });
  }, SAMPLE_MS);

  window.filmWatch = Object.freeze({
    take: () => samples.splice(0), // those since the last call
    camera: frameOfCamera,
  });
})();
