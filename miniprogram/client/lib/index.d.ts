/** Framewire for WeChat mini-programs: camera frames to a gateway, results back. */

import {
  Callbacks,
  ClientOptions,
  Format,
  Frame,
  Model,
  Rect,
  Result,
  Size,
  Socket,
  State,
} from './core/types';
import { FramewireClient } from './core/client';
import { Overlay } from './core/overlay';

export * from './core/types';
export { FramewireClient } from './core/client';
export { now } from './core/clock';
export { tagPosition } from './core/geometry';
export { Liveness, Stall } from './core/liveness';
export { classOfEachPixel, maskOf } from './core/masks';
export { Drawn, Overlay } from './core/overlay';
export { Statistics, StatisticsSnapshot } from './core/statistics';
export { firstValues, summarize } from './core/tensor';

/** The parts of WeChat's API that the client uses, so that its typings need not be installed. */
export interface CanvasNode {
  width: number;
  height: number;
  getContext(type: '2d'): any;
  toDataURL(type: string, quality: number): string;
}

export interface CameraFrameListener {
  start(options?: { worker?: any; fail?(error: { errMsg: string }): void }): void;
  stop(options?: { fail?(error: { errMsg: string }): void }): void;
}

export interface CameraContext {
  onCameraFrame(callback: (frame: CameraFrame) => void): CameraFrameListener;
}

/** A frame's pixels: RGBA, row by row, as `onCameraFrame` delivers them. */
export interface CameraFrame extends Size {
  readonly data: ArrayBuffer;
  /** width / height of the camera's own picture, upright, if it is known */
  aspect?: number;
  /** the same frame in about this size, if the phone can scale it natively */
  scaled?(size: Size): CameraFrame;
  /** the frame as JPEG, if the phone can encode it natively; throws if it cannot after all */
  jpeg?(quality: number): Uint8Array;
}

/** The parts of a `VKFrame` that the client uses. */
export interface NativeFrame {
  getCameraBuffer(width: number, height: number): ArrayBuffer;
  getCameraJpgBuffer(width: number, height: number, quality: number): ArrayBuffer;
  getCameraTexture(gl: any): { yTexture: any; uvTexture: any };
  getDisplayTransform(): Float32Array;
}

export interface WebGlCanvas {
  width: number;
  height: number;
  getContext(type: 'webgl'): any;
}

/** Clockwise, in degrees. */
export type Rotation = 0 | 90 | 180 | 270;

/** How a frame is transformed so that the model sees it upright and not mirrored. */
export interface Orientation {
  rotate: Rotation;
  mirror: boolean;
}

/** What the camera component shows, in any unit, and how its frames are oriented. */
export interface Preview extends Size {
  position: 'back' | 'front';
  /** auto: rotate a landscape frame of a portrait preview, and the reverse */
  rotate: Rotation | 'auto';
  /** whether the camera's frames are mirrored */
  mirror: boolean;
}

/**
 * jpeg-native is VisionKit's; jpeg-url and jpeg-file use a canvas; jpeg-js is plain JavaScript; rgb is
 * uncompressed; those that end in -worker run in a Worker.
 */
export type Encoding =
  | 'jpeg-native'
  | 'jpeg-worker'
  | 'rgb-worker'
  | 'jpeg-url'
  | 'jpeg-file'
  | 'jpeg-js'
  | 'rgb';

/** stretch: the model's input size; cover: the frame's aspect ratio; auto: as the model prefers */
export type Fit = 'auto' | 'stretch' | 'cover';

export interface EncodedFrame extends Frame {
  format: Format;
  data: Uint8Array;
  width: number;
  height: number;
  encoding: Encoding;
  encodeMs: number;
  /** the size of the camera's frame once it is upright */
  upright: Size;
}

/** What a `CameraFeed` sends, and what comes back with the outcome. */
export interface SentFrame extends EncodedFrame {
  captured_at: number;
  orientation: Orientation;
  /** width / height of the camera's own picture, upright, if it is known: for `frameRect` */
  aspect?: number;
}

export type MiniProgramState = State | { name: 'signing_in' };

export interface MiniProgramOptions<F extends Frame = SentFrame>
  extends Omit<ClientOptions<F>, 'onState'>,
    Omit<Callbacks<F>, 'onState'> {
  onState?(state: MiniProgramState): void;
  /** the gateway's `/v1/login`; without it the client does not sign in */
  signInUrl?: string;
}

/** The client over `wx.connectSocket`. Close it in `onHide`, open it in `onShow`. */
export class MiniProgramClient<F extends Frame = SentFrame> extends FramewireClient<F> {
  constructor(options: MiniProgramOptions<F>);
}

/** Why a sign-in failed. */
export class SignInError extends Error {
  constructor(code: string, message: string);
  code: string;
}

/** Signs in with `wx.login`. The client has its own; use this one for other requests. */
export class SignIn {
  constructor(options: { url: string; onToken(token: string): void });
  /** the stored token, if it is still valid */
  stored(): string | undefined;
  /** Rejects with SignInError. */
  renew(): Promise<string>;
  startRenewal(): void;
  stopRenewal(): void;
}

export interface FeedOptions {
  /** sends the frames, and knows the model to encode them for */
  client: Pick<FramewireClient<SentFrame>, 'model' | 'wantsFrame' | 'offer' | 'stats'>;
  /** what the preview shows; change it with `setPreview` */
  preview?: Partial<Preview>;
  /** a 2d canvas node, which adds two encodings */
  canvas?: CanvasNode | null;
  fit?: Fit;
  onSent?(frame: SentFrame): void;
  /** a frame could not be encoded; the feed continues */
  onError?(error: Error): void;
  /** an encoding has failed twice in a row, so this feed does not use it again */
  onAbandoned?(encoding: Encoding): void;
  now?(): number;
}

declare class FrameFeed {
  setPreview(preview: Partial<Preview>): void;
  /** ms for a frame with the best encoding, upload included; null until each has been tried */
  cost(): number | null;
  push(frame: CameraFrame): void;
}

export interface CameraFeedOptions extends FeedOptions {
  /** the path of `workers/encoder.js` in the mini-program, which adds two encodings on iOS */
  worker?: string;
}

/** Frames of the camera component. */
export class CameraFeed extends FrameFeed {
  constructor(options: CameraFeedOptions);
  start(camera: CameraContext): void;
  stop(): void;
}

/** Why VisionKit cannot be used. */
export interface VisionError extends Error {
  /** WeChat's status, if there is one */
  status: number | null;
  /** whether the camera is not allowed */
  isRefusal: boolean;
  /** whether it may work the next time */
  isPassing: boolean;
}

export interface VisionFeedOptions extends FeedOptions {
  /** false on a phone that has returned empty JPEGs before */
  hasJpeg?: boolean;
  /** VisionKit cannot be used; the feed has stopped, and the camera is free for `CameraFeed` */
  onUnusable(error: VisionError): void;
}

/** Frames of VisionKit, in place of the camera component. Needs base library 2.24.0. */
export class VisionFeed extends FrameFeed {
  constructor(options: VisionFeedOptions);
  static isSupported(): boolean;
  /** Takes a WebGL canvas, in physical pixels, for the preview. */
  start(canvas: WebGlCanvas): void;
  /** What the preview shows as JPEG, in the camera's resolution; null if this phone gives none. */
  photo(): Promise<Uint8Array | null>;
  stop(): void;
}

export type PreviewOverlayOptions = Size &
  ConstructorParameters<typeof Overlay>[0] & {
    /** whether the preview is mirrored and the frames are not */
    mirrored?: boolean;
    now?(): number;
  };

/** A box to show: its rectangle on the preview, and what is known of its object. */
export interface ShownRect extends Rect {
  /** null for a box without a track */
  id: number | null;
  class: number;
  score: number;
  /** 0 to 1 */
  opacity: number;
}

/** `Overlay` in the preview's units and on the client's clock. */
export class PreviewOverlay {
  /** The preview's size is in the unit that `rects` returns. */
  constructor(options: PreviewOverlayOptions);
  update(result: Result, frame: SentFrame): void;
  /** Forget all boxes, for example when the session ends. */
  clear(): void;
  /** The boxes to show now. */
  rects(): ShownRect[];
}

export type Source = 'vision' | 'camera';

/** Which source of frames to use, by what they have cost on this phone. */
export class SourceSelector {
  /** `memory` is what `remember` was called with before, for example in storage */
  constructor(options: { memory?: SourceMemory | null; remember(memory: SourceMemory): void });
  select(available: Source[]): Source;
  measured(source: Source, ms: number): void;
  /** isForGood: false if it may work the next time */
  failed(source: Source, isForGood: boolean): void;
  /** whether VisionKit has returned no empty JPEG */
  hasJpeg: boolean;
  jpegFailed(): void;
}

export interface SourceMemory {
  costs: Partial<Record<Source, number>>;
  failed: Source[];
  hasJpeg: boolean;
}

export class FrameEncoder {
  constructor(options: {
    canvas: CanvasNode | null;
    fit: Fit;
    now(): number;
    onAbandoned?(encoding: Encoding): void;
  });
  /** of the last frame */
  encoding: Encoding | null;
  encode(
    frame: CameraFrame,
    orientation: Orientation,
    model: Model,
    uplinkBytesPerS: number | null,
  ): Promise<EncodedFrame | null> | EncodedFrame | null;
}

export class Downscaler {
  constructor(plan: { from: Size; to: Size; rotate: Rotation; mirror: boolean; channels: 3 | 4 });
  /** the result, row by row; the same array every time */
  data: Uint8Array;
  /** Throws RangeError if the buffer does not have the planned size. */
  downscale(buffer: ArrayBuffer): Uint8Array;
}

export class JpegEncoder {
  /** quality: 1 to 100 */
  constructor(size: Size, quality: number);
  /** Takes RGB, row by row. The next call overwrites the result. */
  encode(rgb: Uint8Array): Uint8Array;
}

export interface Addresses {
  socket: string;
  infer: string;
  models: string;
  login: string;
}

/** Returns null if the text is not an address. */
export function addresses(text: string): Addresses | null;
export function connectSocket(url: string, protocols: string[]): Socket;
export function uprightSize(frame: Size, rotate: Rotation): Size;
export function rotationFor(frame: Size, preview: Size, position: 'back' | 'front'): Rotation;
export function frameRect(frame: Size, preview: Size, aspect?: number): Rect;
export function boxRect(box: number[], frame: Rect, mirrored: boolean): Rect;
