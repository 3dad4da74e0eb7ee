// Generated from static/client/overlay.d.ts by `make miniprogram`; do not edit.
export class Overlay {
    /**
     * @param {{horizonMs?: number, fadeMs?: number, easeMs?: number, live?: boolean}} [options]
     * `horizonMs`: for how long after its capture a box moves on; `fadeMs`: how long boxes take to
     * appear and vanish; `easeMs`: how long a box takes to where a new result corrects it to, 0: it
     * jumps; `live`: false shows every box as it was captured, without gliding or fading, for those
     * who prefer reduced motion
     */
    constructor({ horizonMs, fadeMs, easeMs, live }?: {
        horizonMs?: number;
        fadeMs?: number;
        easeMs?: number;
        live?: boolean;
    });
    live: boolean;
    /**
     * Take in a result.
     * @param {Result} result
     * @param {number} now
     */
    update(result: Result, now: number): void;
    /** Forget all boxes, at once. */
    clear(): void;
    /**
     * The boxes to draw now. Ended tracks are forgotten once they have faded.
     * @param {number} now
     * @returns {Drawn[]}
     */
    at(now: number): Drawn[];
}
export type Box = import("./types.js").Box;
export type BoxMask = import("./types.js").BoxMask;
export type Corners = import("./types.js").Corners;
export type Result = import("./types.js").Result;
export type SecondAnswer = import("./types.js").SecondAnswer;
/**
 * what is known of an object
 */
export type Track = {
    id: number;
    box: Box;
    /**
     * of its edges per second
     */
    velocity: Box;
    score: number;
    /**
     * its class
     */
    kind: number;
    /**
     * when the box was captured
     */
    capturedAt: number;
    /**
     * when its first box was captured
     */
    since: number;
    /**
     * when it was first there to be shown
     */
    shownAt: number;
    /**
     * when a result came without it
     */
    endedAt: number | null;
    /**
     * how far it was shown from its place, edge by edge, at `correctedAt`
     */
    offset: Box;
    /**
     * when its latest result came
     */
    correctedAt: number;
    /**
     * what a second model said about it last
     */
    second: SecondAnswer | null;
    /**
     * the part of its box that it covered last
     */
    mask: BoxMask | null;
    /**
     * of its box, if that was rotated
     */
    corners: Corners | null;
};
/**
 * a box of the last result that has no track
 */
export type Untracked = {
    box: Box;
    score: number;
    /**
     * its class
     */
    kind: number;
    /**
     * when it was first there to be shown
     */
    shownAt: number;
    /**
     * what a second model says about it
     */
    second: SecondAnswer | null;
    /**
     * the part that the object covers
     */
    mask: BoxMask | null;
    /**
     * of a rotated box
     */
    corners: Corners | null;
};
/**
 * a box to draw
 */
export type Drawn = {
    /**
     * null for a box without a track, which is shown as it was
     */
    id: number | null;
    box: Box;
    score: number;
    class: number;
    /**
     * 0 to 1
     */
    opacity: number;
    /**
     * what a second model says about it, with `then`
     */
    second?: import("./types.js").SecondAnswer | undefined;
    /**
     * the part that the object covers, if the model says so
     */
    mask?: import("./types.js").BoxMask | undefined;
    /**
     * of a rotated box
     */
    corners?: import("./types.js").Corners | undefined;
};
