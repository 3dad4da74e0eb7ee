import type { Model, Result, State } from '../client/index.js';

/** What keeps the element from running: the camera, or a picture that could not be processed. */
export type ProblemCode =
  | 'camera_refused'
  | 'camera_missing'
  | 'camera_busy'
  | 'camera_insecure'
  | 'camera_lost'
  | 'failed';

export interface FramewireCameraEventMap extends HTMLElementEventMap {
  statechange: CustomEvent<{ state: State }>;
  modelchange: CustomEvent<{ model: Model | null }>;
  result: CustomEvent<{ result: Result; model: Model | null }>;
  problem: CustomEvent<{ code: ProblemCode; message: string }>;
}

/** This device's camera with what a Framewire gateway recognizes in it. */
export class FramewireCamera extends HTMLElement {
  /** The client's state: `closed`, `connecting`, `waiting`, `ready`, ... */
  readonly state: State['name'];
  /** The model that answers; null without one. */
  readonly model: Model | null;
  /** The latest result; null without one. */
  readonly result: Result | null;
  /** The access token. */
  set token(token: string | null);
  /** Turn the camera on and connect. */
  start(): Promise<void>;
  /** Turn the camera off and close the connection. */
  stop(): void;
  /** The picture on show with its results, as PNG; null without one. */
  save(): Promise<Blob | null>;
  addEventListener<K extends keyof FramewireCameraEventMap>(
    type: K,
    listener: (this: FramewireCamera, event: FramewireCameraEventMap[K]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
}

declare global {
  interface HTMLElementTagNameMap {
    'framewire-camera': FramewireCamera;
  }
}
