/** Framewire for WeChat mini-programs. */
import {
  Callbacks,
  ClientOptions,
  Format,
  Frame,
  FramewireClient,
  Model,
  Options,
  Socket,
  State,
} from './core/client';
import { Rect, Size } from './core/geometry';

export * from './core/client';
export { Rect, Size, tagPosition } from './core/geometry';
export { now } from './core/clock';
export { Statistics, StatisticsSnapshot } from './core/statistics';
export { Liveness, Stall } from './core/liveness';

/** Clockwise, in degrees. */
export type Rotation = 0 | 90 | 180 | 270;

/** One frame as `onCameraFrame` gives it: RGBA, row by row. */
export interface CameraFrame extends Size {
  data: ArrayBuffer;
}

/** What is done to a frame so that the model sees the world as it is. */
export interface View {
  rotate: Rotation;
  mirror: boolean;
}

/** What the camera component shows, in any unit, and how its frames come. */
export interface Preview extends Size {
  position: 'back' | 'front';
  /** auto: a lying frame of a standing preview is turned */
  rotate: Rotation | 'auto';
  /** whether the camera's frames have left and right exchanged */
  mirror: boolean;
}

export interface EncodedFrame extends Frame {
  format: Format;
  data: Uint8Array;
  width: number;
  height: number;
  way: string;
  makingMs: number;
}

/** What a `CameraFeed` offers, and what comes back with the outcome. */
export interface SentFrame extends EncodedFrame {
  captured_at: number;
  view: View;
  /** the size of the camera's frame once it is turned upright */
  upright: Size;
}

export type MiniProgramState = State | { name: 'signing_in' };

export interface MiniProgramOptions<F extends Frame = SentFrame>
  extends Omit<ClientOptions<F>, 'onState'>,
    Omit<Callbacks<F>, 'onState'> {
  onState?(state: MiniProgramState): void;
  /** of the gateway's `/v1/login`; without it nobody signs in */
  signInUrl?: string;
}

/** The client over `wx.connectSocket`. Close it in `onHide`, open it in `onShow`. */
export class MiniProgramClient<F extends Frame = SentFrame> extends FramewireClient<F> {
  constructor(options: MiniProgramOptions<F>);
}

/** Why a sign-in failed. */
export class SignInError extends Error {
  code: string;
}

/** Tokens by `wx.login`; the client has one of its own, so this is for requests beside it. */
export class SignIn {
  constructor(options: { url: string; onToken(token: string): void });
  /** the token kept from before, if it still holds */
  kept(): string | undefined;
  /** Rejects with SignInError. */
  renew(): Promise<string>;
  watch(): void;
  rest(): void;
}

export interface FeedOptions {
  client: Pick<FramewireClient<SentFrame>, 'wantsFrame' | 'offer' | 'stats'>;
  /** of type 2d: two more ways to make a frame */
  canvas?: WechatMiniprogram.Canvas | null;
  /** stretch: the model's own size; cover: with the frame's aspect; auto (default): as the model does */
  fit?: 'auto' | 'stretch' | 'cover';
  onSent?(frame: SentFrame): void;
  /** a frame could not be made; the feed goes on */
  onProblem?(error: Error): void;
  now?(): number;
}

export class CameraFeed {
  constructor(options: FeedOptions);
  use(model: Model | null): void;
  show(preview: Partial<Preview>): void;
  start(camera: WechatMiniprogram.CameraContext): void;
  stop(): void;
  picture(frame: CameraFrame): void;
}

export class FrameEncoder {
  constructor(options: {
    canvas: WechatMiniprogram.Canvas | null;
    fit: 'auto' | 'stretch' | 'cover';
    now(): number;
  });
  /** the way that made the last frame */
  way: string | null;
  make(
    frame: CameraFrame,
    view: View,
    model: Model,
    uplink: number | null,
  ): Promise<EncodedFrame | null> | EncodedFrame | null;
}

export class Downscaler {
  constructor(plan: { from: Size; to: Size; rotate: Rotation; mirror: boolean; channels: 3 | 4 });
  /** the same array each time, row by row */
  data: Uint8Array;
  /** Throws RangeError if the buffer is not of the planned size. */
  shrink(buffer: ArrayBuffer): Uint8Array;
}

export class JpegEncoder {
  /** quality: 1 to 100 */
  constructor(size: Size, quality: number);
  /** RGB row by row; the result is overwritten by the next call */
  encode(rgb: Uint8Array): Uint8Array;
}

export interface Addresses {
  socket: string;
  infer: string;
  login: string;
}

/** null if the text is no address */
export function addresses(text: string): Addresses | null;
export function connectSocket(url: string, protocols: string[]): Socket;
export function upright(frame: Size, rotate: Rotation): Size;
export function rotationFor(frame: Size, preview: Size, position: 'back' | 'front'): Rotation;
export function frameRect(frame: Size, preview: Size, aspect?: number): Rect;
export function boxRect(box: number[], place: Rect, mirrored: boolean): Rect;
export { Options };
