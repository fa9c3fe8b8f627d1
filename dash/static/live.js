// When the page asks.

/** Milliseconds between the beginnings of two rounds. */
export const interval = 2000;

/**
 * pause is how long to rest after a round that took so long, both in
 * milliseconds: an open page takes a quarter of a slow server's time at most,
 * so that one in trouble is asked less, not more.
 * @param {number} took
 */
export const pause = (took) => Math.max(interval - took, 3 * took);

/**
 * live runs a task again and again while the page can be seen, never two at a
 * time.
 * @param {() => Promise<void>} task must not throw
 */
export async function live(task) {
  for (;;) {
    await seen();
    const begin = performance.now();
    await task();
    await rest(pause(performance.now() - begin));
  }
}

/** Resolves when the page is visible. @returns {Promise<void>} */
function seen() {
  return new Promise((resolve) => {
    if (!document.hidden) return resolve();
    const look = () => {
      if (document.hidden) return;
      document.removeEventListener("visibilitychange", look);
      resolve();
    };
    document.addEventListener("visibilitychange", look);
  });
}

const rest = (/** @type {number} */ ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
