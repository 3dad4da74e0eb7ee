/** The client's public address: `import { FramewireClient } from '/static/framewire.js'`. */

export * from './client/index.js';
