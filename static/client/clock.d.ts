/** @returns {number} ms since 1970, never less than the previous call returned */
export function now(): number;
