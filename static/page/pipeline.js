/**
 * The way of a frame on the page: from the source through the encoder to the client, and its result
 * to the view.
 *
 * A frame is captured and encoded only if the client would send it immediately. Its bitmap rides
 * along, so that the result is drawn on the very image it belongs to. While no frame can get a
 * result, the plain image is shown a few times per second, so that users see that the camera works.
 *
 * With live boxes, every picture of the source is shown as it comes, and results follow it.
 */

import { sendSize } from '../client/geometry.js';
import { FORMAT, WorkerLost } from './jpeg.js';

const MAX_SHOWN_SIDE = 1280; // pixels; larger bitmaps would only use memory
const PREVIEW_INTERVAL_MS = 100;
const RESEND_DELAY_MS = 400;

export class Pipeline {
  /**
   * @param {object} parts
   * @param {FramewireClient} parts.client
   * @param {object} parts.encoder from jpeg.js
   * @param {View} parts.view
   * @param {LivePreview} parts.live
   * @param {Statistics} parts.statistics
   * @param {Liveness} parts.liveness
   * @param {function(Error)} parts.onError an image could not be captured or encoded
   */
  constructor({ client, encoder, view, live, statistics, liveness, onError }) {
    this._client = client;
    this._encoder = encoder;
    this._view = view;
    this._live = live;
    this._statistics = statistics;
    this._liveness = liveness;
    this._onError = onError;
    this._source = null;
    this._isBusy = false;
    this._mustResend = false;
    this._shownAt = 0;
    this.model = null;
    this.maxPixels = Infinity;
    this.fullSize = false;
    this.isAnswering = false; // frames get results
    this.isLive = false; // boxes are live
    this.lastSent = null; // {width, height, bytes}
    this.lastResult = null;
    this.lastCapturedAt = null;
  }

  /** Switch to a source. Images and results of the previous one are ignored from now on. */
  use(source) {
    this._source = source;
    this._live.clear();
    this._mustResend = false;
    this.lastResult = null;
    this.lastCapturedAt = null;
  }

  /** The source has a new image, captured at `capturedAt` (ms of performance.now). */
  async picture(source, capturedAt) {
    const isWanted = this._client.wantsFrame() || (source.isStill && this.isAnswering);
    if (source !== this._source) return;
    if (this.isLive) this._live.picture(source, capturedAt);
    if (this._isBusy) {
      this._mustResend = source.isStill;
      return;
    }
    if (!isWanted && !this._isPreviewDue(source)) return;
    this._isBusy = true;
    try {
      await (isWanted ? this._send(source, capturedAt) : this._preview(source));
    } catch (error) {
      if (error instanceof WorkerLost) this._mustResend = source.isStill;
      else if (source === this._source) this._onError(error);
    }
    this._isBusy = false;
    if (this._mustResend) this.resend();
  }

  /** Send a still image again, because its result may differ now. Moving sources need no prompt. */
  resend() {
    this._mustResend = false;
    if (this._source && this._source.isStill) this._source.resend();
  }

  result(result, frame) {
    const now = performance.now();
    this._liveness.answered(now);
    this._statistics.answered(now, now - frame.captured_at, result.batch);
    if (frame.source !== this._source) return frame.bitmap.close();
    this._show(result, frame.bitmap);
    this.lastResult = { ...result, frame: { width: frame.width, height: frame.height } };
    this.lastCapturedAt = frame.captured_at;
    this._shownAt = now;
    return undefined;
  }

  _show(result, bitmap) {
    const { model } = this;
    if (!this.isLive) return this._view.show({ bitmap, result, model });
    this._live.result(result, model);
    return bitmap.close();
  }

  dropped({ reason }, frame) {
    this._statistics.dropped(reason);
    this._liveness.lost(performance.now(), reason);
    this._release(frame);
    if (frame.source.isStill) setTimeout(() => this._resendIfCurrent(frame), RESEND_DELAY_MS);
  }

  failed(error, frame) {
    this._statistics.failed(error.code, error.message);
    this._liveness.lost(performance.now(), error.code, error.message);
    this._release(frame);
    if (error.retryable) setTimeout(() => this._resendIfCurrent(frame), RESEND_DELAY_MS);
  }

  /** A still image without a result is shown plain. A moving source soon has its next frame. */
  _release(frame) {
    if (frame.source === this._source && frame.source.isStill) {
      this._view.show({ bitmap: frame.bitmap });
    } else {
      frame.bitmap.close();
    }
  }

  _resendIfCurrent(frame) {
    if (frame.source === this._source) this.resend();
  }

  _isPreviewDue(source) {
    if (this.isAnswering || this.isLive) return false;
    return source.isStill || performance.now() - this._shownAt > PREVIEW_INTERVAL_MS;
  }

  async _preview(source) {
    const bitmap = await source.grab(MAX_SHOWN_SIDE);
    if (source !== this._source || this.isAnswering) return bitmap.close();
    this._shownAt = performance.now();
    this.lastResult = null;
    this.lastCapturedAt = null;
    return this._view.show({ bitmap });
  }

  async _send(source, capturedAt) {
    const original = await source.grab(this.fullSize ? Infinity : MAX_SHOWN_SIDE);
    const options = { full: this.fullSize, maxPixels: this.maxPixels };
    const { width, height } = sendSize(original.width, original.height, this.model, options);
    const { data, bitmap } = await this._encoder.encode(original, width, height);
    if (source !== this._source) return bitmap.close();
    this.lastSent = { width, height, bytes: data.byteLength };
    const now = performance.now();
    this._statistics.sent(now);
    this._liveness.sent(now);
    const frame = { format: FORMAT, width, height, data, captured_at: capturedAt };
    return this._client.offer({ ...frame, bitmap, source });
  }
}
