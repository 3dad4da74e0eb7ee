export interface StatisticsSnapshot {
  sentPerS: number;
  answeredPerS: number;
  p50Ms: number | null;
  p95Ms: number | null;
  /** frames in a batch, on average */
  batch: number | null;
  dropped: [string, number][];
  errors: [string, number][];
  lastError: string | null;
}
/** Statistics of the last five seconds; times are ms of any clock that does not jump. */
export class Statistics {
  sent(now: number): void;
  answered(now: number, delayMs: number, batch: number): void;
  dropped(reason: string): void;
  failed(code: string, message: string): void;
  snapshot(now: number): StatisticsSnapshot;
}
