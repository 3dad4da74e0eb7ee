// Generated from static/client/uplink.d.ts by `make miniprogram`; do not edit.
export class Uplink {
    /** Forget the measurements: for a new connection. */
    restart(): void;
    /**
     * A frame is about to be sent.
     * @param {number} now
     * @param {number} bytes
     * @returns {[string, string]|null} what to ping with before and after it; null: do not probe now
     */
    sending(now: number, bytes: number): [string, string] | null;
    /**
     * A pong arrived. Pongs for other pings are ignored.
     * @param {number} now
     * @param {unknown} t as the ping had it
     */
    pong(now: number, t: unknown): void;
    /** @returns {number|null} Infinity if it was too fast to measure, null while unknown */
    bytesPerS(): number | null;
    /**
     * @param {number} now
     * @returns {number} ms until the frames sent so far should have left
     */
    pauseMs(now: number): number;
}
