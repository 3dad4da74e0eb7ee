/**
 * Why no frame has had a result for too long: the server sends nothing at all (`server`), the
 * last frame expired (`model`), the server had no room for it (`full`), or it failed (`failing`).
 * @typedef {object} Stall
 * @property {'server'|'model'|'full'|'failing'} name
 * @property {string} [message] of the error, for `failing`
 */
export class Liveness {
    /** The server's limit: it owes a frame no outcome before that. */
    maxStalenessMs: number;
    /** @param {number} now */
    sent(now: number): void;
    /** @param {number} now */
    answered(now: number): void;
    /**
     * @param {number} now
     * @param {string} reason why it was dropped, or the error's code
     * @param {string} [message] of the error; a dropped frame has none
     */
    lost(now: number, reason: string, message?: string): void;
    /**
     * Start over: for another connection, or the end of a pause.
     * @param {number} now
     */
    restart(now: number): void;
    /**
     * @param {number} now
     * @returns {Stall|null} null while results arrive, or none are due
     */
    stall(now: number): Stall | null;
}
/**
 * Why no frame has had a result for too long: the server sends nothing at all (`server`), the
 * last frame expired (`model`), the server had no room for it (`full`), or it failed (`failing`).
 */
export type Stall = {
    name: "server" | "model" | "full" | "failing";
    /**
     * of the error, for `failing`
     */
    message?: string | undefined;
};
