/**
 * Wait until a page has done what it does at once. Ten turns of its timers: one long wait may be over
 * before a second turn on a machine that is busy.
 */
export async function settle() {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setTimeout(resolve, 2));
}
