// Reads texts as JSON, and writes their QR codes.

import { readFile } from 'node:fs/promises';

import { qrCode } from '../../static/page/qr/code.js';

const texts = JSON.parse(await readFile('/dev/stdin', 'utf8'));
console.log(JSON.stringify(texts.map(qrCode)));
