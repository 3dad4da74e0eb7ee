/**
 * What the page shows until its other parts have arrived: its texts in the user's language, that
 * they are on their way, and if one of them is lost, that they are not. It is loaded before them.
 */

import { Language } from './language.js';
import { readSettings } from './shared-settings.js';
import { storage } from './storage.js';

const element = (id) => document.getElementById(id);
const { lang } = readSettings(location.search);
const language = new Language(storage(), lang, navigator.languages || [navigator.language || 'en']);

function showLoading() {
  document.documentElement.lang = language.tag;
  language.fill(document);
  element('pill-text').textContent = language.text('state.loading');
}

/** Only a part that has arrived could do more. */
function showFailure() {
  if (window.framewire) return; // the parts are here: they show what goes wrong from now on
  document.documentElement.dataset.state = 'closed';
  element('pill-text').textContent = language.text('state.unloaded.short');
  element('card-icon').setAttribute('href', '#icon-offline');
  element('card-text').textContent = language.text('state.unloaded');
  element('card-more').textContent = language.text('state.unloaded.more');
  element('spoken').textContent = element('card-text').textContent;
  element('retry').textContent = language.text('state.reload');
  element('retry').addEventListener('click', () => location.reload());
  element('card').hidden = false;
}

showLoading();
element('app').addEventListener('error', showFailure);
addEventListener('error', showFailure);
