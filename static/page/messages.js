/** Every text of the page, per language. */

import { en } from './messages-en.js';
import { zh } from './messages-zh.js';

export const MESSAGES = { en, zh };
