// The queries of Explore after the first: each with its letter, its box, and a button that removes it.

import { queryBox } from "./completeview.js";
import { attribute, list, make } from "./dom.js";
import { icon } from "./icons.js";
import { say } from "./messages.js";

/**
 * letterOf is a query's letter, a button that hides it.
 * @param {(letter: string) => void} hide
 */
export function letterView(hide) {
  const text = make("b");
  const button = make("button", { type: "button", class: "chip letter" }, text);
  button.addEventListener("click", () => hide(text.textContent ?? ""));
  return {
    element: button,
    update(/** @type {import("./several.js").Query} */ { letter, hidden }) {
      text.textContent = letter;
      attribute(button, "aria-pressed", String(!hidden));
      for (const name of ["title", "aria-label"]) attribute(button, name, say(hidden ? "showQueryOf" : "hideQuery", { letter }));
    },
  };
}

/** removeView is the button that removes a query. */
export function removeView(/** @type {() => void} */ remove) {
  const button = make("button", { type: "button", class: "ctl icon bare" }, icon("off"));
  button.addEventListener("click", remove);
  return {
    element: button,
    update(/** @type {string} */ letter) {
      for (const name of ["title", "aria-label"]) attribute(button, name, say("removeQuery", { letter }));
    },
  };
}

/**
 * @typedef {ReturnType<typeof queryBox>} Box
 * @typedef {object} Acts what a row does, by its place
 * @property {(text: string, cursor: number, box: Box) => import("./complete.js").Known} known
 * @property {(box: Box) => void} changed
 * @property {(i: number, expr: string) => void} submit
 * @property {(i: number) => void} focus
 * @property {(letter: string) => void} hide
 * @property {(i: number) => void} remove
 */

/** queryRows are the rows; the first is number 1. */
export function queryRows(/** @type {Acts} */ acts) {
  const element = make("div", { class: "queries" });
  return {
    element,
    update(/** @type {import("./several.js").Query[]} */ queries) {
      list(element, queries.slice(1).map((query, i) => ({ key: query.letter, query, i: i + 1 })), (/** @type {Item} */ { query, i }) => row(query.letter, i, acts));
    },
  };
}

/** @typedef {{key: string, query: import("./several.js").Query, i: number}} Item */

function row(/** @type {string} */ name, /** @type {number} */ i, /** @type {Acts} */ acts) {
  const id = `expr-${name}`;
  const box = queryBox({ id, known: (text, cursor) => acts.known(text, cursor, box), changed: () => acts.changed(box), submit: () => acts.submit(i, box.input.value.trim()) });
  const letter = letterView(acts.hide);
  const remove = removeView(() => acts.remove(i));
  attribute(box.input, "aria-label", say("queryOf", { letter: name }));
  box.input.addEventListener("focus", () => acts.focus(i));
  const form = make("form", { class: "query" }, letter.element, box.element, make("button", { type: "submit", class: "ctl" }, say("run")), remove.element);
  form.addEventListener("submit", (event) => { event.preventDefault(); acts.submit(i, box.input.value.trim()); });
  return {
    element: form,
    update(/** @type {Item} */ { query }) {
      letter.update(query);
      remove.update(query.letter);
      box.set(query.expr);
    },
  };
}
