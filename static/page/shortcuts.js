/** Keys for who does not use a pointer; they keep out of the way of what has the focus. */

const SOURCES = ['camera', 'video', 'picture', 'scene'];

/** @param {{choose, pause, score, language}} acts what each key does */
export function listenForKeys({ choose, pause, score, language }) {
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    const act = action(event, { choose, pause, score, language });
    if (!act) return;
    event.preventDefault();
    act();
  });
}

function action({ key, target }, { choose, pause, score, language }) {
  if (key >= '1' && key <= '4' && key.length === 1) return () => choose(SOURCES[key - 1]);
  if (key === 'l' || key === 'L') return language;
  if (takesKeys(target)) return null;
  if (key === ' ') return pause;
  if (key === 'ArrowLeft') return () => score(-5);
  if (key === 'ArrowRight') return () => score(5);
  return null;
}

function isTyping(target) {
  return target.matches('input[type=text], input[type=password], textarea, select, [contenteditable]');
}

/** A focused button has its own use for Space, a slider for the arrows. */
function takesKeys(target) {
  return target.matches('button, input, a, summary');
}
