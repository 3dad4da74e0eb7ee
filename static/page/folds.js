/** Keeps the sections of the panel as the user has left them: open or folded. */

const STORAGE_KEY = 'framewire.folds';

/**
 * @param {Iterable<HTMLDetailsElement>} sections those with an id
 * @param {Storage|null} storage null if the browser forbids it
 */
export function rememberFolds(sections, storage) {
  const open = new Set(((storage && storage.getItem(STORAGE_KEY)) || '').split(' '));
  for (const section of sections) {
    section.open = open.has(section.id);
    section.addEventListener('toggle', () => {
      if (section.open) open.add(section.id);
      else open.delete(section.id);
      if (storage) storage.setItem(STORAGE_KEY, [...open].join(' ').trim());
    });
  }
}
