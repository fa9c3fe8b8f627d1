// When the page asks.

/** Milliseconds between the beginnings of two rounds. */
export const interval = 2000;

/** The same while there is no number yet: who has just started a service waits for the first one. */
const eager = 500;

/**
 * pause is how long to rest after a round that took so long, both in
 * milliseconds: an open page takes a quarter of a slow server's time at most,
 * so that one in trouble is asked less, not more.
 * @param {number} took
 * @param {boolean} [hungry] there is nothing to see yet
 */
export const pause = (took, hungry = false) => Math.max((hungry ? eager : interval) - took, 3 * took);

/**
 * live runs a task again and again while the page can be seen, never two at a
 * time.
 * @param {() => Promise<boolean | void>} task tells whether there is nothing to see yet; must not throw
 */
export async function live(task) {
  for (;;) {
    await seen();
    const begin = performance.now();
    const hungry = await task();
    await rest(pause(performance.now() - begin, Boolean(hungry)));
  }
}

/**
 * Resolves when the page is visible.
 * @returns {Promise<void>}
 */
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
