// Generated from static/client/types.d.ts by `make miniprogram`; do not edit.
/** The types of Framewire's client: the wire's messages, and the client's options and reports. */

/** Session options, in `hello` and `configure`. All are optional. */
export interface SessionOptions {
  model?: string;
  /** a version label such as `stable`; set at most one of `label` and `version`; null withdraws it */
  label?: string | null;
  version?: number | null;
  token?: string;
  /** 0 to 1 */
  min_score?: number;
  max_results?: number;
  /** whether the EXIF orientation of encoded frames is applied; default: `ignore` */
  orientation?: 'apply' | 'ignore';
  /** stable ids and velocities for boxes: on, off, or on with options */
  track?: boolean | TrackingOptions;
  /** by name, polygons that tracked objects enter and leave; replaces the earlier ones */
  zones?: Record<string, ZonePoint[]>;
  /** by name, lines that tracked objects cross; replaces the earlier ones */
  lines?: Record<string, [ZonePoint, ZonePoint]>;
  /** a second model, which answers for each box: its name or options; true: the model's own */
  then?: boolean | string | SecondModel;
  /** the client's name and version, for the server's logs */
  client?: string;
  /** W3C trace context that traced frames of the session belong to, if they bring none */
  traceparent?: string;
}

/** A model that gets the boxes of the first one, cut out of the frame. */
export interface SecondModel {
  model: string;
  /** set at most one of `label` and `version` */
  label?: string;
  version?: number;
  /** boxes of a frame that it gets at most, the best first; 1 to 50 */
  max_boxes?: number;
  /** 0 to 1 */
  min_score?: number;
  /** answers per box; 0 to 100 */
  max_results?: number;
}

/** How boxes are tracked. All are optional. */
export interface TrackingOptions {
  /** 0 to 1: a box needs this score to begin a track */
  start_score?: number;
  /** 0 to 1: a weaker box may still continue one */
  keep_score?: number;
  /** ms that an object must have been seen for its id */
  confirm_ms?: number;
  /** ms after which a track without a box ends */
  lost_ms?: number;
}

/** [x, y], each 0 to 1, relative to the frame as sent */
export type ZonePoint = [number, number];

/** A value that this version of the client does not know: a later server may send others. */
export type OfLaterServers = string & {};

/** What a tracked object did at a zone or a line. */
export interface TrackingEvent {
  kind: 'enter' | 'leave' | 'cross' | OfLaterServers;
  id: number;
  class: number;
  /** for `enter` and `leave` */
  zone?: string;
  /** for `cross` */
  line?: string;
  /** ms on the clock of `captured_at`; without it, since tracking was asked for */
  at: number;
  /** the side crossed to, looking from the line's first point to its second */
  to?: 'left' | 'right';
}

export type Format = 'jpeg' | 'png' | 'webp' | 'rgba' | 'rgb' | 'gray';

export interface Model {
  name: string;
  version: number;
  label: string | null;
  task: 'detection' | 'classification' | 'keypoints' | 'segmentation' | 'embedding' | 'map' | 'tensors' | OfLaterServers;
  /** names by index, of classes or, for keypoints, of points; empty if the model has none */
  labels: string[];
  formats: Format[];
  /** the input size in pixels; null: any */
  width: number | null;
  height: number | null;
  /** how the model fits a frame of another aspect ratio to its input */
  resize: 'stretch' | 'letterbox';
  /** for keypoints: pairs of points to join by a line */
  skeleton?: [number, number][];
  /** for segmentation: the color of each class, as #rrggbb; missing if the model has none */
  palette?: string[];
  /** of a classification: a picture can have several of the classes, or none */
  multi_label?: true;
  /** of a map's values; empty if it is not known */
  unit?: string;
  /** of a detection: the second model that `then: true` asks for */
  then?: SecondModel;
  /** of a detection: results have `box_masks` */
  masks?: true;
}

export interface Limits {
  /** frames in flight per session */
  window: number;
  max_frame_bytes: number;
  max_pixels: number;
  max_staleness_ms: number;
}

export interface Welcome {
  protocol: string;
  session: string;
  /** null while no model server is available */
  model: Model | null;
  limits: Limits;
  /** seconds between pings; 0: none */
  heartbeat_s: number;
  /** what a session may ask for, such as `track`; missing on older gateways */
  features?: string[];
  /** whole seconds until the token expires; only if the gateway requires one */
  expires_in_s?: number;
}

/** One image. Any other property of the object comes back with its outcome. */
export interface Frame {
  format: Format;
  data: Uint8Array | Uint8ClampedArray | ArrayBuffer;
  /** pixels; required for the raw formats */
  width?: number;
  height?: number;
  /** ms on the caller's clock; echoed in the result */
  captured_at?: number;
  /** W3C trace context of this frame; if it is sampled, the gateway traces the frame */
  traceparent?: string;
}

/** [x0, y0, x1, y1], each 0 to 1, relative to the frame as sent */
export type Box = [number, number, number, number];

/** The class of each pixel of a map that covers the frame. */
export interface Masks {
  width: number;
  height: number;
  /** a class, how many pixels have it, the next class, and so on, row by row */
  runs: number[];
}

/** The part of each box that its object covers: a grid of cells that fills the box. */
export interface BoxMasks {
  width: number;
  height: number;
  /**
   * for each box, row by row: how many cells lie outside its object, how many inside, outside, and
   * so on; empty for a box without a mask
   */
  runs: number[][];
}

/** The mask of one box. */
export interface BoxMask {
  width: number;
  height: number;
  /** how many cells lie outside the object, how many inside, outside, and so on, row by row */
  runs: number[];
}

/**
 * The corners of a rotated box, around it: x and y of each, one after another, relative to the upright
 * box around them; 0 to 1 unless that is cut off at the edge of the frame.
 */
export type Corners = number[];

/** A value for each pixel of a map that covers the frame, such as its depth. */
export interface DenseMap {
  width: number;
  height: number;
  /** the values of the levels 0 and 255 */
  low: number;
  high: number;
  /** a level for each pixel, row by row; an array in JSON */
  levels: Uint8Array | number[];
}

export interface Tensor {
  dtype: string;
  shape: number[];
  /** row-major: little-endian bytes, or a list in JSON and for strings; null for NaN and infinities */
  data: Uint8Array | (string | number | null)[];
}

export interface Result {
  id: number;
  captured_at?: number;
  model_version: number;
  /** frames in the batch */
  batch: number;
  timing_ms: { queue: number; inference: number; total: number };
  boxes?: Box[];
  /** 0 to 1, in descending order */
  scores?: number[];
  /** indices into `Model.labels` */
  classes?: number[];
  /**
   * for a detection whose boxes are rotated: x and y of the four corners of each, one after another,
   * around it; relative to the frame as sent, 0 to 1 unless the corner is outside
   */
  corners?: number[][];
  /** for a detection, if `Model.masks` */
  box_masks?: BoxMasks;
  /** with `track`: the id of each box's object; null until it is confirmed */
  ids?: (number | null)[];
  /** with `track`: how far each edge of a box moves per second; null where the id is */
  velocities?: (Box | null)[];
  /** with `zones` or `lines`: what happened since the last result */
  events?: TrackingEvent[];
  /** with `zones` or `lines`: how many objects of each class are in each zone */
  counts?: { zone: string; class: number; count: number }[];
  /** tracking began anew: no id of an earlier result continues */
  restarted?: boolean;
  /**
   * for keypoints: each pose as x, y and score of its points, one after another; x and y relative to
   * the frame as sent, 0 to 1 unless the point is outside. `scores` has one per pose
   */
  keypoints?: number[][];
  /** for segmentation */
  masks?: Masks;
  /** for an embedding */
  embedding?: number[];
  /** for a map */
  map?: DenseMap;
  outputs?: Record<string, Tensor>;
  /** with `then`: for each box, what the second model says; null if it was not to get the box */
  then?: { model_version: number | null; answers: (SecondAnswer | null)[] };
}

/** What a second model says about a box, in the fields of a result, or why it says nothing. */
export type SecondAnswer = Pick<
  Result,
  'boxes' | 'scores' | 'classes' | 'corners' | 'box_masks' | 'keypoints' | 'masks' | 'embedding' | 'map' | 'outputs'
> & {
  /** the name of each of the `classes`; null for one that has none */
  labels?: (string | null)[];
  /** as the reason of a dropped frame, or the code of an error */
  missing?: string;
};

export interface Dropped {
  id?: number;
  /** as on the wire, or `superseded_locally`, `not_ready` or `disconnected` from the client itself */
  reason: string;
}

export interface Failure {
  id?: number;
  code: string;
  message: string;
  retryable: boolean;
}

export interface GoingAway {
  reconnect_after_ms: number;
  reason: string;
}

export type ServerMessage =
  | ({ type: 'welcome' } & Welcome)
  | ({ type: 'result' } & Result)
  | ({ type: 'dropped'; id: number } & Dropped)
  | ({ type: 'error' } & Failure)
  | { type: 'model_changed'; model: Model | null }
  | { type: 'authorized'; expires_in_s: number }
  | { type: 'pace'; frames_per_s?: number | null }
  | ({ type: 'going_away' } & GoingAway)
  | { type: 'pong'; t: unknown };

/** Why a connection ended, and when the next attempt follows. */
export interface ConnectionLoss {
  retryInMs: number;
  /** ms on the client's clock */
  retryAt: number;
  /** 1 for the first */
  attempt: number;
  /** a WebSocket close code; 0 if the socket reported none */
  code: number;
  reason: string;
}

export type State =
  | { name: 'closed' }
  | { name: 'connecting' }
  | { name: 'waiting'; code?: string; message?: string }
  | { name: 'ready' }
  | { name: 'draining'; reason: string }
  | ({ name: 'reconnecting' } & ConnectionLoss)
  | { name: 'refused'; code: string; message: string };

/**
 * The part of a WebSocket that the client uses. The events are of any type, because each
 * implementation declares its own: of a message, `data` is used, and of a close, `code` and `reason`.
 */
export interface Socket {
  binaryType?: string;
  bufferedAmount?: number;
  onopen: ((event: any) => void) | null;
  onmessage: ((event: any) => void) | null;
  onclose: ((event: any) => void) | null;
  onerror?: ((event: any) => void) | null;
  send(data: ArrayBuffer): void;
  close(code?: number): void;
}

export type SocketFactory = (url: string, protocols: string[]) => Socket;

/** A clock, timers and randomness. */
export interface Host {
  /** ms; never goes back */
  now(): number;
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
  /** 0 to 1 */
  random(): number;
}

export interface Stats {
  readonly offered: number;
  readonly sent: number;
  /** bytes of the frames sent */
  readonly bytes: number;
  readonly results: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly errors: Readonly<Record<string, number>>;
  readonly state: State['name'];
  /** frames without an outcome */
  readonly outstanding: number;
  /** frames held back, 0 or 1 */
  readonly waiting: number;
  /** how many frames may be outstanding now */
  readonly limit: number;
  /** frames per second */
  readonly sourceRate: number;
  readonly tripMs: number | null;
  /** Infinity if too fast to measure */
  readonly uplinkBytesPerS: number | null;
}

export interface Callbacks<F extends Frame = Frame> {
  onState?(state: State): void;
  onWelcome?(welcome: Welcome): void;
  /** the model, now and whenever it changes; null while none is available */
  onModel?(model: Model | null): void;
  onResult?(result: Result, frame: F): void;
  onDropped?(dropped: Dropped, frame: F): void;
  /** a null frame means that the error concerns the session */
  onError?(error: Failure, frame: F | null): void;
}

export interface ClientOptions<F extends Frame = Frame> extends Callbacks<F>, Partial<Host> {
  /** the gateway's WebSocket */
  url: string;
  /** creates the socket; by default the global `WebSocket`, which Node has from version 22 on */
  socket?: SocketFactory;
  hello?: SessionOptions;
  /** for sockets without `bufferedAmount`: pace frames by the uplink's measured throughput */
  measureUplink?: boolean;
}

/** Pixels. */
export interface Size {
  width: number;
  height: number;
}

export interface Point {
  x: number;
  y: number;
}

export interface Rect extends Point, Size {}
