/** Keyboard shortcuts. They never take a key that the focused element uses. */

const SOURCES = ['camera', 'video', 'picture', 'scene'];

/** @param {{choose, pause, score, boxes, language}} actions functions per shortcut */
export function listenForKeys({ choose, pause, score, boxes, language }) {
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    const run = action(event, { choose, pause, score, boxes, language });
    if (!run) return;
    event.preventDefault();
    run();
  });
}

function action({ key, target }, { choose, pause, score, boxes, language }) {
  if (key >= '1' && key <= '4' && key.length === 1) return () => choose(SOURCES[key - 1]);
  if (key === 'l' || key === 'L') return language;
  if (key === 'b' || key === 'B') return boxes;
  if (usesKeys(target)) return null;
  if (key === ' ') return pause;
  if (key === 'ArrowLeft') return () => score(-5);
  if (key === 'ArrowRight') return () => score(5);
  return null;
}

function isTyping(target) {
  return target.matches('input[type=text], input[type=password], textarea, select, [contenteditable]');
}

/** A focused button uses Space itself, a slider the arrow keys. */
function usesKeys(target) {
  return target.matches('button, input, a, summary');
}
