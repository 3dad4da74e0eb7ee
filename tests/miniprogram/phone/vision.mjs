/**
 * VisionKit over this phone's camera: real JPEGs and pixels, cropped and scaled as WeChat does, and
 * the faults that phones have.
 */

import jpeg from 'jpeg-js';

const TICK_MS = 16;

/** The centre of a picture that fills a size, in that size, by nearest neighbour. */
function filled({ width, height, data }, to) {
  const pixels = new Int32Array(data);
  const result = new Int32Array(to.width * to.height);
  const scale = Math.min(width / to.width, height / to.height);
  const [left, top] = [(width - scale * to.width) / 2, (height - scale * to.height) / 2];
  for (let y = 0; y < to.height; y += 1) {
    const row = width * Math.floor(top + scale * (y + 0.5));
    for (let x = 0; x < to.width; x += 1) {
      result[y * to.width + x] = pixels[row + Math.floor(left + scale * (x + 0.5))];
    }
  }
  return result.buffer;
}

class VisionFrame {
  constructor(phone, frame, gl) {
    this._phone = phone;
    this._frame = frame;
    this._gl = gl;
    this._isEarly = phone.vision.early > 0; // the camera has no picture yet
    if (this._isEarly) phone.vision.early -= 1;
  }

  getCameraJpgBuffer(width, height, quality) {
    if (!this._phone.vision.jpeg || this._isEarly) return new ArrayBuffer(0); // as on some iPhones
    const data = Buffer.from(filled(this._frame, { width, height }));
    return own(jpeg.encode({ data, width, height }, quality).data);
  }

  getCameraBuffer(width, height) {
    if (!this._gl) throw new Error('the session has no gl');
    if (width % 16 !== 0) throw new Error(`the width must be a multiple of 16: ${width}`);
    return this._phone.vision.pixels ? filled(this._frame, { width, height }) : new ArrayBuffer(0);
  }

  getCameraTexture() {
    return this._isEarly ? { yTexture: null, uvTexture: null } : { yTexture: {}, uvTexture: {} };
  }

  getDisplayTransform() {
    return new Float32Array([0, -1, 0, -1, 0, 0, 0, 0, 1]);
  }
}

function own(bytes) {
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
}

/** How many sessions hold the camera is in `phone.visionSessions`. */
export class VisionSession {
  constructor(phone, { track, version, gl }) {
    if (version !== 'v1' || track.plane.mode !== 1) throw new Error('not the session that is known to work');
    this._phone = phone;
    this._gl = gl;
    this._isRunning = false;
  }

  get cameraSize() {
    const { width, height } = this._phone.camera.frame || { width: 0, height: 0 };
    return { width: height, height: width }; // as the sensor has it
  }

  start(act) {
    const { status } = this._phone.vision;
    setTimeout(() => {
      this._isRunning = !status;
      if (this._isRunning) this._phone.visionSessions.add(this);
      act(status);
    }, 0);
  }

  stop() {
    this._isRunning = false;
  }

  destroy() {
    this._phone.visionSessions.delete(this);
  }

  requestAnimationFrame(act) {
    return Number(setTimeout(act, TICK_MS));
  }

  cancelAnimationFrame(tick) {
    clearTimeout(tick);
  }

  getVKFrame() {
    const frame = this._phone.camera.present();
    return this._isRunning && frame ? new VisionFrame(this._phone, frame, this._gl) : null;
  }
}
