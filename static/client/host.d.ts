/**
 * @param {Partial<import('./types.js').Host>} options
 * @returns {import('./types.js').Host}
 */
export function hostFrom(options: Partial<import("./types.js").Host>): import("./types.js").Host;
/**
 * @returns {import('./types.js').SocketFactory}
 * @throws {TypeError} if the host has no WebSocket, as Node before version 22
 */
export function hostSocket(): import("./types.js").SocketFactory;
