// Generated from static/client/liveness.d.ts by `make miniprogram`; do not edit.
/** Why nothing is answered: by the server at all, by the model, for want of room, or for an error. */
export interface Stall {
  name: 'server' | 'model' | 'full' | 'failing';
  message?: string;
}
/** Whether what is asked is answered; times are ms of any clock that does not jump. */
export class Liveness {
  /** the welcome's limits.max_staleness_ms */
  maxStalenessMs: number;
  sent(now: number): void;
  answered(now: number): void;
  /** of a frame that was sent; an error has a message */
  lost(now: number, reason: string, message?: string): void;
  /** another connection, or the end of a pause */
  restart(now: number): void;
  silence(now: number): Stall | null;
}
