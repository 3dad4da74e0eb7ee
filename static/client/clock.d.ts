/** Ms since 1970 that never go back. */
export function now(): number;
