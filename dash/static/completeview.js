// A query box with a list of completions: an ARIA combobox.

import { accepted, complete } from "./complete.js";
import { attribute, make } from "./dom.js";
import { shorten, visible } from "./format.js";

/**
 * queryBox returns the box. It calls known at each key for the names to complete from.
 * @param {{id: string, known: (text: string, cursor: number) => import("./complete.js").Known, changed: () => void, submit: () => void}} of
 */
export function queryBox({ id, known, changed, submit }) {
  const input = /** @type {HTMLTextAreaElement} */ (make("textarea", {
    id, rows: "1", autocomplete: "off", spellcheck: "false", role: "combobox", "aria-expanded": "false", "aria-controls": `${id}-options`, "aria-autocomplete": "list",
  }));
  const options = make("ul", { id: `${id}-options`, class: "options", role: "listbox" });
  options.hidden = true;
  const element = make("div", { class: "querybox" }, input, options);
  let found = complete("", 0, { metrics: [], labels: [], values: [] });
  let chosen = -1;

  function offer() {
    input.rows = Math.min(10, input.value.split("\n").length);
    found = complete(input.value, input.selectionStart, known(input.value, input.selectionStart));
    choose(-1);
    options.replaceChildren(...found.options.map((o, i) => {
      const item = make("li", { role: "option", id: `${id}-option-${i}`, "aria-selected": "false" }, make("bdi", {}, shorten(visible(o.label), 80)), " ", make("span", { class: "muted" }, o.detail));
      // Before the box loses focus.
      item.addEventListener("mousedown", (event) => { event.preventDefault(); accept(i); });
      return item;
    }));
    show(found.options.length > 0);
  }

  function show(/** @type {boolean} */ open) {
    options.hidden = !open;
    attribute(input, "aria-expanded", String(open));
    if (!open) choose(-1);
  }

  function choose(/** @type {number} */ i) {
    chosen = i;
    [...options.children].forEach((item, n) => item.setAttribute("aria-selected", String(n === i)));
    attribute(input, "aria-activedescendant", i >= 0 ? `${id}-option-${i}` : "");
    options.children[i]?.scrollIntoView({ block: "nearest" });
  }

  function accept(/** @type {number} */ i) {
    const [text, cursor] = accepted(input.value, found, found.options[i]);
    input.value = text;
    input.setSelectionRange(cursor, cursor);
    show(false);
    changed();
  }

  input.addEventListener("input", () => { offer(); changed(); });
  input.addEventListener("blur", () => show(false));
  input.addEventListener("keydown", (event) => {
    const n = options.hidden ? 0 : found.options.length;
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (n && move) choose((chosen + move + n + (chosen < 0 && move < 0 ? 1 : 0)) % n);
    else if (n && (event.key === "Enter" || event.key === "Tab") && chosen >= 0) accept(chosen);
    else if (n && event.key === "Escape") show(false);
    else if (event.key === "Enter" && !event.shiftKey) { show(false); submit(); }
    else return;
    event.preventDefault();
  });

  return {
    element, input, offer,
    /** set sets the query, unless the user is typing. */
    set(/** @type {string} */ text) {
      if (document.activeElement === input || input.value === text) return;
      input.value = text;
      input.rows = Math.min(10, text.split("\n").length);
    },
  };
}
