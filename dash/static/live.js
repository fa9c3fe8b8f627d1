// When the page updates.

/** Milliseconds from the start of one update to the next. */
export const interval = 2000;

/** The same while there is no data yet: the first numbers of a new service appear at once. */
const intervalWithoutData = 500;

/**
 * pause is the delay after an update of the given duration, both in milliseconds: an open
 * page takes at most a quarter of a slow server's time, so that an overloaded server gets
 * fewer queries, not more.
 * @param {number} took
 * @param {boolean} [noData] there is no data yet
 */
export const pause = (took, noData = false) => Math.max((noData ? intervalWithoutData : interval) - took, 3 * took);

/**
 * live runs a task repeatedly while the page is visible, never two at a time.
 * @param {() => Promise<boolean | void>} task resolves to true while there is no data; must not throw
 */
export async function live(task) {
  for (;;) {
    await seen();
    const begin = performance.now();
    const noData = await task();
    await rest(pause(performance.now() - begin, Boolean(noData)));
  }
}

/**
 * seen resolves when the page is visible.
 * @returns {Promise<void>}
 */
function seen() {
  return new Promise((resolve) => {
    if (!document.hidden) return resolve();
    const onChange = () => {
      if (document.hidden) return;
      document.removeEventListener("visibilitychange", onChange);
      resolve();
    };
    document.addEventListener("visibilitychange", onChange);
  });
}

const rest = (/** @type {number} */ ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
