// The field above a list that filters it; the address keeps its text.

import { make } from "./dom.js";
import { icon } from "./icons.js";
import { say } from "./messages.js";

/**
 * filterField is the field of the view's filter, which the key / reaches.
 * @param {string} id
 * @param {string} label a message
 * @param {import("./now.js").ChangeView} changeView
 * @param {string} [hint] a message, if not the label
 */
export function filterField(id, label, changeView, hint = label) {
  const input = /** @type {HTMLInputElement} */ (make("input", { id, type: "search", autocomplete: "off", spellcheck: "false", placeholder: say(hint), "data-filter": "" }));
  input.addEventListener("input", () => changeView((view) => ({ ...view, filter: input.value })));
  return {
    element: make("label", { class: "field", for: id }, icon("filter", "s"), make("span", { class: "unseen" }, say(label)), input, make("kbd", { "aria-hidden": "true" }, "/")),
    update(/** @type {import("./view.js").View} */ view) {
      if (input.value !== view.filter && document.activeElement !== input) input.value = view.filter;
    },
  };
}
