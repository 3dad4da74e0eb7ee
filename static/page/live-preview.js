/**
 * Live boxes: the source's pictures as they come, each with the boxes of the latest results, carried
 * from the capture of their frames to that of the picture.
 */

import { Overlay } from '../client/overlay.js';

const STALE_MS = 1500; // a box this old is no longer where its object is

export class LivePreview {
  /**
   * @param {View} view
   * @param {boolean} isCalm whether boxes appear, vanish and are corrected at once
   */
  constructor(view, isCalm) {
    this._view = view;
    this._overlay = new Overlay(isCalm ? { fadeMs: 0, easeMs: 0 } : {});
    this._shownAt = 0; // when the picture on the stage was captured
    this.clear();
  }

  /** Forget the results so far, as they are another source's or another session's. */
  clear() {
    this._overlay.clear();
    this._result = null;
    this._resultAt = 0;
    this._model = null;
  }

  /** Take in a result, for the pictures to come. */
  result(result, model) {
    this._overlay.update(result, this._shownAt);
    this._result = result;
    this._resultAt = result.captured_at;
    this._model = model;
  }

  /** Show the source's current picture, captured at `capturedAt` (ms of performance.now). */
  picture(source, capturedAt) {
    if (this._result && capturedAt - this._resultAt > STALE_MS) this.clear();
    this._shownAt = capturedAt;
    this._view.show({
      preview: source.preview(),
      result: this._result,
      model: this._model,
      boxes: this._overlay.at(capturedAt),
    });
  }
}
