/** Where boxes are on the camera's preview by the time they are shown. */
'use strict';

const { now: clock } = require('./core/clock.js');
const { Overlay } = require('./core/overlay.js');
const { boxRect, frameRect } = require('./preview.js');

class PreviewOverlay {
  /** @param {import('./index').PreviewOverlayOptions} options */
  constructor({ width, height, mirrored, now, ...options }) {
    this._preview = { width, height };
    this._mirrored = Boolean(mirrored);
    this._now = now || clock;
    this._overlay = new Overlay(options);
    /** where the latest frame is on the preview */
    this._frame = { x: 0, y: 0, width, height };
  }

  /**
   * Take in a result.
   * @param {import('./index').Result} result
   * @param {import('./index').SentFrame} frame that it belongs to
   */
  update(result, { upright, aspect }) {
    this._overlay.update(result, this._now());
    this._frame = frameRect(upright, this._preview, aspect);
  }

  /** Forget all boxes, at once. */
  clear() {
    this._overlay.clear();
  }

  /** @returns {import('./index').ShownRect[]} the boxes to show now */
  rects() {
    return this._overlay.at(this._now()).map(({ id, class: kind, score, opacity, box }) => {
      return { id, class: kind, score, opacity, ...boxRect(box, this._frame, this._mirrored) };
    });
  }
}

module.exports = { PreviewOverlay };
