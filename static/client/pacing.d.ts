export class Pacing {
    /** Forget the round trips and the pause: for a new connection or another model. */
    restart(): void;
    /**
     * The source has a new frame, whether or not it will be sent.
     * @param {number} now
     */
    frameSeen(now: number): void;
    /**
     * A result arrived, `tripMs` after its frame was sent.
     * @param {number} now
     * @param {number} tripMs
     */
    answered(now: number, tripMs: number): void;
    /**
     * The server could not take a frame. Failures during a pause do not extend it.
     * @param {number} now
     */
    failed(now: number): void;
    /**
     * The server advises a rate; it holds until the next advice.
     * @param {number} now
     * @param {number|null} framesPerS null: no limit
     */
    advise(now: number, framesPerS: number | null): void;
    /**
     * A frame was sent. One that is late does not delay the one after it.
     * @param {number} now
     */
    sent(now: number): void;
    /**
     * @param {number} now
     * @returns {number} ms until the next frame may be sent, 0 if it may be sent now
     */
    pauseMs(now: number): number;
    /** @returns {number} the source's frames per second, 0 while unknown */
    rate(): number;
    /** @returns {number|null} the round trip without queueing in ms, null while unknown */
    tripMs(): number | null;
    /**
     * @param {number} window the server's
     * @returns {number} how many frames may be outstanding, 1 to `window`
     */
    limit(window: number): number;
}
