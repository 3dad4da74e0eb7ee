// Generated from static/client/clock.d.ts by `make miniprogram`; do not edit.
/** @returns {number} ms since 1970, never less than the previous call returned */
export function now(): number;
