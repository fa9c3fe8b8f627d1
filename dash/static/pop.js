// What opens below a button of the bar: a menu, a list or a dialog.

import { attribute, isVisible } from "./dom.js";

/**
 * The one that is open, and how it is closed.
 * @type {{box: Element, button: HTMLElement, close: () => void} | null}
 */
let open = null;

/** closePop closes the one that is open, and reports whether there was one. */
export function closePop() {
  if (!open) return false;
  const { button, box } = open;
  const had = box.contains(document.activeElement);
  open.close();
  if (had) button.focus();
  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && closePop()) event.preventDefault();
});
document.addEventListener("pointerdown", (event) => {
  const at = /** @type {Node} */ (event.target);
  if (open && !open.box.contains(at) && !open.button.contains(at)) open.close();
});

/**
 * pop makes a button open and close a box. Escape, a click elsewhere and another pop close it.
 * @param {HTMLElement} button
 * @param {HTMLElement} box
 * @param {(now: boolean) => void} [changed] it is open now, or not
 * @returns {(now?: boolean) => void} opens or closes it
 */
export function pop(button, box, changed = () => {}) {
  box.hidden = true;
  attribute(button, "aria-expanded", "false");
  const show = (/** @type {boolean} */ now) => {
    if (box.hidden === !now) return;
    if (now) open?.close();
    box.hidden = !now;
    attribute(button, "aria-expanded", String(now));
    open = now ? { box, button, close: () => show(false) } : null;
    changed(now);
  };
  button.addEventListener("click", () => show(box.hidden));
  return (now = box.hidden) => show(now);
}

/**
 * arrows moves the focus in a list by the arrow keys, Home and End.
 * @param {HTMLElement} within
 * @param {string} selector of what takes the focus
 */
export function arrows(within, selector) {
  within.addEventListener("keydown", (event) => {
    const all = [...within.querySelectorAll(selector)].filter(isVisible);
    const at = all.indexOf(/** @type {Element} */ (document.activeElement));
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined || all.length === 0) return;
    event.preventDefault();
    /** @type {HTMLElement} */ (all[(to + all.length) % all.length]).focus();
  });
}
