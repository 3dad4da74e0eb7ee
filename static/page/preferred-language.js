/** Which language a page has: what its address asks for, the user's choice, or the browser's. */

export const LANGUAGES = ['en', 'zh'];
const STORAGE_KEY = 'framewire.language';

/**
 * @param {Storage|null} storage for the choice; null if the browser forbids it
 * @param {string|null} shared the one in the page's address
 * @param {string[]} preferred the browser's languages, best first, such as ['zh-CN', 'en']
 * @returns {string} one of LANGUAGES
 */
export function preferredLanguage(storage, shared, preferred) {
  const stored = storage && storage.getItem(STORAGE_KEY);
  const candidates = [shared, stored, ...preferred.map((tag) => tag.slice(0, 2)), 'en'];
  return candidates.find((name) => LANGUAGES.includes(name));
}

/** The language after this one. It is remembered for the next visit, to any page. */
export function nextLanguage(storage, name) {
  const next = LANGUAGES[(LANGUAGES.indexOf(name) + 1) % LANGUAGES.length];
  if (storage) storage.setItem(STORAGE_KEY, next);
  return next;
}
