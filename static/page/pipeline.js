/**
 * Carries pictures from a source to the client, and their results to the view.
 *
 * A picture is taken and encoded only when the client would send it at once. Its bitmap rides on
 * the frame, so that the result is drawn on the very picture that it belongs to. While no frame can
 * be answered, the bare picture is shown a few times a second instead, so that a user sees that
 * the camera works.
 */

import { sendSize } from '../client/geometry.js';
import { FORMAT, WorkerLost } from './jpeg.js';

const LONGEST_SHOWN = 1280; // pixels of the longer side; more only fills memory
const PREVIEW_INTERVAL_MS = 100;
const SEND_AGAIN_MS = 400;

export class Pipeline {
  /**
   * @param {object} parts
   * @param {FramewireClient} parts.client
   * @param {object} parts.encoder of jpeg.js
   * @param {View} parts.view
   * @param {Statistics} parts.figures
   * @param {Liveness} parts.pulse
   * @param {function(Error)} parts.onProblem a picture that could not be taken or encoded
   */
  constructor({ client, encoder, view, figures, pulse, onProblem }) {
    this._client = client;
    this._encoder = encoder;
    this._view = view;
    this._figures = figures;
    this._pulse = pulse;
    this._onProblem = onProblem;
    this._source = null;
    this._busy = false;
    this._again = false;
    this._shownAt = 0;
    this.model = null;
    this.maxPixels = Infinity;
    this.full = false;
    this.answering = false;
    this.lastSent = null; // {width, height, bytes}
    this.lastResult = null;
    this.lastCapturedAt = null;
  }

  /** From now on only this source's pictures and results count. */
  use(source) {
    this._source = source;
    this._again = false;
    this.lastResult = null;
    this.lastCapturedAt = null;
  }

  /** The source has a new picture, taken at `capturedAt` (ms of performance.now). */
  async picture(source, capturedAt) {
    const wanted = this._client.wantsFrame() || (source.isStill && this.answering);
    if (source !== this._source) return;
    if (this._busy) {
      this._again = source.isStill;
      return;
    }
    if (!wanted && !this._previewIsDue(source)) return;
    this._busy = true;
    try {
      await (wanted ? this._send(source, capturedAt) : this._preview(source));
    } catch (error) {
      if (error instanceof WorkerLost) this._again = source.isStill;
      else if (source === this._source) this._onProblem(error);
    }
    this._busy = false;
    if (this._again) this.resend();
  }

  /** A still picture's answer may be another now: ask again. Moving sources need no word. */
  resend() {
    this._again = false;
    if (this._source && this._source.isStill) this._source.resend();
  }

  result(result, frame) {
    const now = performance.now();
    this._pulse.answered(now);
    this._figures.answered(now, now - frame.captured_at, result.batch);
    if (frame.source !== this._source) return frame.bitmap.close();
    this._view.show({ bitmap: frame.bitmap, result, labels: this.model ? this.model.labels : [] });
    this.lastResult = { ...result, frame: { width: frame.width, height: frame.height } };
    this.lastCapturedAt = frame.captured_at;
    this._shownAt = now;
    return undefined;
  }

  dropped({ reason }, frame) {
    this._figures.dropped(reason);
    this._pulse.lost(performance.now(), reason);
    this._lost(frame);
    if (frame.source.isStill) setTimeout(() => this._resendIf(frame), SEND_AGAIN_MS);
  }

  failed(error, frame) {
    this._figures.failed(error.code, error.message);
    if (!frame) return;
    this._pulse.lost(performance.now(), error.code, error.message);
    this._lost(frame);
    if (error.retryable) setTimeout(() => this._resendIf(frame), SEND_AGAIN_MS);
  }

  /** A still picture is shown bare when its result is lost; of a film, the next frame is soon here. */
  _lost(frame) {
    if (frame.source === this._source && frame.source.isStill) {
      this._view.show({ bitmap: frame.bitmap });
    } else {
      frame.bitmap.close();
    }
  }

  _resendIf(frame) {
    if (frame.source === this._source) this.resend();
  }

  _previewIsDue(source) {
    if (this.answering) return false;
    return source.isStill || performance.now() - this._shownAt > PREVIEW_INTERVAL_MS;
  }

  async _preview(source) {
    const bitmap = await source.grab(LONGEST_SHOWN);
    if (source !== this._source || this.answering) return bitmap.close();
    this._shownAt = performance.now();
    this.lastResult = null;
    this.lastCapturedAt = null;
    return this._view.show({ bitmap });
  }

  async _send(source, capturedAt) {
    const taken = await source.grab(this.full ? Infinity : LONGEST_SHOWN);
    const { full, maxPixels } = this;
    const { width, height } = sendSize(taken.width, taken.height, this.model, { full, maxPixels });
    const { data, bitmap } = await this._encoder.encode(taken, width, height);
    if (source !== this._source) return bitmap.close();
    this.lastSent = { width, height, bytes: data.byteLength };
    const now = performance.now();
    this._figures.sent(now);
    this._pulse.sent(now);
    const about = { format: FORMAT, width, height, data, captured_at: capturedAt };
    return this._client.offer({ ...about, bitmap, source });
  }
}
