export const CLIENT: "framewire.js/0.2.0";
export const SUBPROTOCOL: "framewire.v1.msgpack";
/** @typedef {import('./types.js').Frame} Frame */
/** @template {Frame} [F=Frame] */
export class FramewireClient<F extends Frame = import("./types.js").Frame> {
    /** @param {import('./types.js').ClientOptions<F>} options */
    constructor(options: import("./types.js").ClientOptions<F>);
    /** @returns {import('./types.js').Model|null} the model that answers now; null without one */
    get model(): import("./types.js").Model | null;
    /** Connect. During the wait before a retry, connect immediately. */
    open(): void;
    /** End the session. Frames without an outcome are dropped as `disconnected`. */
    close(): void;
    /**
     * Change the session options, for this connection and later ones. As often as you like: several
     * changes within a moment are sent together, the last value of each option.
     * @param {import('./types.js').SessionOptions} options
     */
    configure(options: import("./types.js").SessionOptions): void;
    /**
     * Tell whether a frame offered now would be sent immediately. Call it once for every frame of
     * the source, before encoding it: the calls also measure the source's frame rate.
     * @returns {boolean}
     */
    wantsFrame(): boolean;
    /**
     * Send a frame, or hold it until it may be sent. A newer frame replaces the one held.
     * @param {F} frame
     * @throws {TypeError} if it has no format or no data
     */
    offer(frame: F): void;
    /** @returns {import('./types.js').Stats} a frozen snapshot; times in ms, rates per second */
    stats(): import("./types.js").Stats;
}
export type Frame = import("./types.js").Frame;
