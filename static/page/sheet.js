/** The sheet of digits: its language, and the print button. */

import { Language } from './language.js';
import { readSettings } from './shared-settings.js';
import { storage } from './storage.js';

const { lang } = readSettings(location.search);
const language = new Language(storage(), lang, navigator.languages || [navigator.language || 'en']);

document.documentElement.lang = language.tag;
document.title = language.text('sheet.tab');
language.fill(document);
document.getElementById('print').addEventListener('click', () => window.print());
