/** The page for addresses that lead nowhere, in the user's language. */

import { Language } from './language.js';
import { readSettings } from './shared-settings.js';
import { storage } from './storage.js';

const { lang } = readSettings(location.search);
const language = new Language(storage(), lang, navigator.languages || [navigator.language || 'en']);

document.documentElement.lang = language.tag;
document.title = language.text('missing.tab');
language.fill(document);
