/** What a session asks for; every field may be left out. */
export interface Options {
  model?: string;
  /** a version label such as `stable`; one of `label` and `version` at most */
  label?: string;
  version?: number;
  token?: string;
  /** 0 to 1 */
  min_score?: number;
  max_results?: number;
  /** the client's name and version, for logs */
  client?: string;
}

export interface Model {
  name: string;
  version: number;
  label: string | null;
  task: 'detection' | 'classification' | 'tensors';
  labels: string[];
  formats: Format[];
  /** pixels worth sending; null: any */
  width: number | null;
  height: number | null;
  /** what the model does to a frame of another aspect */
  resize: 'stretch' | 'letterbox';
}

export interface Welcome {
  protocol: string;
  session: string;
  model: Model | null;
  limits: { window: number; max_frame_bytes: number; max_pixels: number; max_staleness_ms: number };
  heartbeat_s: number;
}

export type Format = 'jpeg' | 'png' | 'webp' | 'rgba' | 'rgb' | 'gray';

/** One picture. Whatever else rides on the object comes back with its outcome. */
export interface Frame {
  format: Format;
  data: Uint8Array | ArrayBuffer;
  /** pixels; required for the raw three formats */
  width?: number;
  height?: number;
  /** ms of the caller's clock; the result repeats it */
  captured_at?: number;
}

/** [x0, y0, x1, y1] in 0..1 of the frame as it was sent */
export type Box = [number, number, number, number];

export interface Tensor {
  dtype: string;
  shape: number[];
  data: Uint8Array | string[];
}

export interface Result {
  id: number;
  captured_at?: number;
  model_version: number;
  /** how many frames travelled in its call */
  batch: number;
  timing_ms: { queue: number; inference: number; total: number };
  boxes?: Box[];
  /** 0 to 1, best first */
  scores?: number[];
  /** indices into `Model.labels` */
  classes?: number[];
  outputs?: Record<string, Tensor>;
}

export interface Dropped {
  id?: number;
  reason: string;
}

export interface Failure {
  id?: number;
  code: string;
  message: string;
  retryable: boolean;
}

export type State =
  | { name: 'closed' }
  | { name: 'connecting' }
  | { name: 'waiting'; code?: string; message?: string }
  | { name: 'ready' }
  | { name: 'draining'; reason: string }
  | {
      name: 'reconnecting';
      retryInMs: number;
      /** ms of the client's clock */
      retryAt: number;
      attempt: number;
      code: number;
      reason: string;
    }
  | { name: 'refused'; code: string; message: string };

/** What looks like a WebSocket, as far as the client cares. */
export interface Socket {
  binaryType?: string;
  bufferedAmount?: number;
  onopen: ((event?: object) => void) | null;
  onmessage: ((event: { data: ArrayBuffer | string }) => void) | null;
  onclose: ((event: { code?: number; reason?: string }) => void) | null;
  onerror?: ((event?: object) => void) | null;
  send(data: ArrayBuffer): void;
  close(code: number): void;
}

export interface Stats {
  readonly offered: number;
  readonly sent: number;
  readonly bytes: number;
  readonly results: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly errors: Readonly<Record<string, number>>;
  readonly state: State['name'];
  readonly outstanding: number;
  readonly waiting: number;
  /** frames that may be without an outcome now */
  readonly limit: number;
  /** frames a second */
  readonly sourceRate: number;
  readonly tripMs: number | null;
  /** bytes a second; Infinity where too fast to be measured */
  readonly uplinkBytesPerS: number | null;
}

export interface Callbacks<F extends Frame = Frame> {
  onState?(state: State): void;
  onWelcome?(welcome: Welcome): void;
  onModel?(model: Model | null): void;
  onResult?(result: Result, frame: F): void;
  onDropped?(dropped: Dropped, frame: F): void;
  /** without a frame the failure concerns the session */
  onError?(error: Failure, frame: F | null): void;
}

export interface ClientOptions<F extends Frame = Frame> extends Callbacks<F> {
  url: string;
  socket?: (url: string, protocols: string[]) => Socket;
  hello?: Options;
  measureUplink?: boolean;
  /** a clock in ms that does not jump */
  now?(): number;
  setTimeout?(act: () => void, ms: number): unknown;
  clearTimeout?(timer: unknown): void;
  /** 0 to 1 */
  random?(): number;
}

export const CLIENT: string;
export const SUBPROTOCOL: string;

export class FramewireClient<F extends Frame = Frame> {
  constructor(options: ClientOptions<F>);
  open(): void;
  close(): void;
  configure(options: Options): void;
  /** Whether a frame offered now would be sent at once; ask once for every frame of the source. */
  wantsFrame(): boolean;
  /** Throws TypeError for what is no frame. */
  offer(frame: F): void;
  stats(): Stats;
}
