/** Keyboard shortcuts. They never take a key that the focused element uses. */

const SOURCES = ['camera', 'video', 'picture', 'scene'];

/** @param {object} actions functions: choose, pause, score, and one for each letter */
export function listenForKeys(actions) {
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    const run = action(event, actions);
    if (!run) return;
    event.preventDefault();
    run();
  });
}

function action({ key, target }, { choose, pause, score, letters }) {
  if (key >= '1' && key <= '4' && key.length === 1) return () => choose(SOURCES[key - 1]);
  if (Object.hasOwn(letters, key.toLowerCase())) return letters[key.toLowerCase()];
  if (usesKeys(target)) return null;
  if (key === ' ') return pause;
  if (key === 'ArrowLeft') return () => score(-5);
  if (key === 'ArrowRight') return () => score(5);
  return null;
}

function isTyping(target) {
  if (target.closest('dialog')) return true;
  return target.matches('input[type=text], input[type=password], input[type=search], textarea, select, [contenteditable]');
}

/** A focused button uses Space itself, a slider the arrow keys. */
function usesKeys(target) {
  return target.matches('button, input, a, summary, canvas');
}
