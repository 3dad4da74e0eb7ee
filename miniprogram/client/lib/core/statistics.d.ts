// Generated from static/client/statistics.d.ts by `make miniprogram`; do not edit.
/** @typedef {{p50Ms: number, p95Ms: number}} LatencyPoint */
/** @typedef {{at: number, latencyMs: number, batch: number}} Answer */
/**
 * @typedef {object} StatisticsSnapshot
 * @property {number} sentPerS
 * @property {number} answeredPerS
 * @property {number|null} p50Ms latency; null without results
 * @property {number|null} p95Ms
 * @property {number|null} batch the mean batch size
 * @property {[reason: string, count: number][]} dropped most frequent first
 * @property {[code: string, count: number][]} errors most frequent first
 * @property {string|null} lastError
 */
export class Statistics {
    /** @param {number} now */
    sent(now: number): void;
    /**
     * @param {number} now
     * @param {number} latencyMs from the frame's capture to its result
     * @param {number} batch frames in the batch
     */
    answered(now: number, latencyMs: number, batch: number): void;
    /** @param {string} reason */
    dropped(reason: string): void;
    /**
     * @param {string} code
     * @param {string} message
     */
    failed(code: string, message: string): void;
    /**
     * @param {number} now
     * @returns {StatisticsSnapshot}
     */
    snapshot(now: number): StatisticsSnapshot;
    /**
     * The latency of the last 30 s, one point per half second.
     * @param {number} now
     * @returns {(LatencyPoint|null)[]} oldest first; null for a half second without results
     */
    history(now: number): (LatencyPoint | null)[];
}
export type LatencyPoint = {
    p50Ms: number;
    p95Ms: number;
};
export type Answer = {
    at: number;
    latencyMs: number;
    batch: number;
};
export type StatisticsSnapshot = {
    sentPerS: number;
    answeredPerS: number;
    /**
     * latency; null without results
     */
    p50Ms: number | null;
    p95Ms: number | null;
    /**
     * the mean batch size
     */
    batch: number | null;
    /**
     * most frequent first
     */
    dropped: [reason: string, count: number][];
    /**
     * most frequent first
     */
    errors: [code: string, count: number][];
    lastError: string | null;
};
