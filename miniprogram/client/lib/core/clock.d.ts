// Generated from static/client/clock.d.ts by `make miniprogram`; do not edit.
/** Ms since 1970 that never go back. */
export function now(): number;
