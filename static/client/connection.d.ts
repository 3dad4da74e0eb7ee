export class Connection {
    /**
     * @param {object} options
     * @param {string} options.url
     * @param {string[]} options.protocols
     * @param {import('./types.js').SocketFactory} options.socket
     * @param {import('./types.js').Host} options.host
     * @param {() => void} options.onConnecting a socket is being opened
     * @param {() => void} options.onOpen the socket is open: send hello, then call `welcomed`
     * @param {(data: any) => void} options.onMessage one message's data, as the socket delivers it
     * @param {(loss: import('./types.js').ConnectionLoss) => void} options.onLost
     */
    constructor(options: {
        url: string;
        protocols: string[];
        socket: import("./types.js").SocketFactory;
        host: import("./types.js").Host;
        onConnecting: () => void;
        onOpen: () => void;
        onMessage: (data: any) => void;
        onLost: (loss: import("./types.js").ConnectionLoss) => void;
    });
    /** Open now, even during the wait before a retry. Does nothing if there is a socket. */
    open(): void;
    /** Close until `open` is called again. `onLost` is not called. */
    close(): void;
    /**
     * The server accepted the hello. From now on `ping` is called at every heartbeat, and a server
     * that sends nothing for two of them counts as dead.
     * @param {number} heartbeatS seconds; 0: no heartbeat
     * @param {() => void} ping
     */
    welcomed(heartbeatS: number, ping: () => void): void;
    /**
     * Set the wait before the next attempt, as the server asked; it is jittered by half.
     * @param {number} ms
     */
    retryAfter(ms: number): void;
    /**
     * Treat the socket as dead, whatever state it reports.
     * @param {string} reason
     */
    abandon(reason: string): void;
    /** @returns {boolean} whether the socket's own buffer is empty, as far as it reports one */
    isDrained(): boolean;
    /** @param {Uint8Array} bytes that span their whole buffer: mini-programs send nothing else */
    send(bytes: Uint8Array): void;
}
