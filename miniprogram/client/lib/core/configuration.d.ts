// Generated from static/client/configuration.d.ts by `make miniprogram`; do not edit.
/** @typedef {import('./types.js').SessionOptions} SessionOptions */
export class Configuration {
    /**
     * @param {import('./types.js').Host} host
     * @param {SessionOptions} options those of the first hello
     * @param {(options: SessionOptions) => void} send sends `configure`
     */
    constructor(host: import("./types.js").Host, options: SessionOptions, send: (options: SessionOptions) => void);
    /** @param {SessionOptions} options */
    change(options: SessionOptions): void;
    /** @returns {SessionOptions} all options, for the hello of a new session */
    hello(): SessionOptions;
    /** The server has answered hello, and takes changes from now on. */
    welcomed(): void;
    /** The connection is gone. */
    disconnected(): void;
}
export type SessionOptions = import("./types.js").SessionOptions;
