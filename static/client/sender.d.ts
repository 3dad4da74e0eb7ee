/** @typedef {import('./types.js').Frame} Frame */
/** @template {Frame} [F=Frame] */
export class Sender<F extends Frame = import("./types.js").Frame> {
    /**
     * @param {object} options
     * @param {import('./types.js').Host} options.host
     * @param {boolean} options.measureUplink
     * @param {() => boolean} options.isDrained whether the socket's buffer is empty
     * @param {(message: object) => void} options.send
     * @param {(dropped: import('./types.js').Dropped, frame: F) => void} options.onDropped
     * @param {(error: import('./types.js').Failure, frame: F) => void} options.onError
     */
    constructor(options: {
        host: import("./types.js").Host;
        measureUplink: boolean;
        isDrained: () => boolean;
        send: (message: object) => void;
        onDropped: (dropped: import("./types.js").Dropped, frame: F) => void;
        onError: (error: import("./types.js").Failure, frame: F) => void;
    });
    /** A new connection is open. */
    connected(): void;
    /** Another model: its round trips differ, and the reason to back off is gone. */
    modelChanged(): void;
    /**
     * Frames may be sent.
     * @param {import('./types.js').Limits} limits
     */
    resume(limits: import("./types.js").Limits): void;
    /**
     * No frame may be sent. Outcomes still arrive.
     * @param {string} reason why the frame held back is dropped
     */
    suspend(reason: string): void;
    /** The connection is gone, and with it every outcome still due. */
    disconnected(): void;
    /** The server is overloaded: pause for a while. */
    backOff(): void;
    /**
     * The server advises on the frame rate.
     * @param {number|null} framesPerS null: as many as there are
     */
    pace(framesPerS: number | null): void;
    /** @param {unknown} t as the ping had it */
    pong(t: unknown): void;
    /** @returns {boolean} whether a frame offered now would be sent immediately */
    wantsFrame(): boolean;
    /** @param {F} frame */
    offer(frame: F): void;
    /**
     * A frame has its outcome.
     * @param {number} id
     * @returns {F|null} the frame; null if the id is unknown
     */
    settle(id: number): F | null;
    /**
     * A frame has its result, which also measures the round trip.
     * @param {number} id
     * @returns {F|null} the frame; null if the id is unknown
     */
    answered(id: number): F | null;
    /** Send the frame held back, or set a timer for it. */
    flush(): void;
    stats(): {
        outstanding: number;
        waiting: number;
        limit: number;
        sourceRate: number;
        tripMs: number | null;
        uplinkBytesPerS: number | null;
        offered: number;
        sent: number;
        bytes: number;
    };
}
export type Frame = import("./types.js").Frame;
