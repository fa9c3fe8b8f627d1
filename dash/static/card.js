// A card: its title, a note beside it, and the tools of a chart, which appear over the title row.

import { attribute, make, put } from "./dom.js";
import { icon } from "./icons.js";
import { say } from "./messages.js";

/**
 * card returns a card with a title.
 * @param {string} title
 * @param {string} [more] classes
 * @param {...Node} body
 */
export function card(title, more = "", ...body) {
  const heading = make("h2", {}, title);
  const note = make("span", { class: "note" });
  const head = make("header", {}, heading, note);
  const element = make("section", { class: `card ${more}`.trim() }, head, ...body);
  return {
    element, head,
    title(/** @type {string} */ text) { put(heading, text); },
    note(/** @type {string} */ text) {
      put(note, text);
      attribute(note, "title", text.length > 40 ? text : "");
    },
    state(/** @type {string} */ tone) { attribute(element, "class", ["card", more, tone].filter(Boolean).join(" ")); },
  };
}

/**
 * nothing is what a card without content says: an icon, what is missing, and what to do.
 * @param {string} sign an icon
 */
export function nothing(sign) {
  const what = make("p");
  const how = make("p", { class: "small muted" });
  const retry = make("button", { type: "button", class: "ctl" }, say("retry"));
  const element = make("div", { class: "nothing" }, icon(sign), what, how, retry);
  /** @type {() => void} */
  let again = () => {};
  retry.addEventListener("click", () => again());
  return {
    element,
    update(/** @type {string} */ text, /** @type {string} */ help = "", /** @type {(() => void) | undefined} */ onRetry = undefined) {
      element.hidden = !text;
      put(what, text);
      put(how, help);
      how.hidden = !help;
      retry.hidden = !onRetry;
      again = onRetry ?? again;
    },
  };
}

/**
 * tools are the buttons over a card's title row; on a phone they open with one button.
 * @param {[string, string, (button: HTMLElement) => void][]} all icon, a message's key, and the action
 */
export function tools(all) {
  const button = (/** @type {string} */ sign, /** @type {string} */ text, more = "") =>
    make("button", { type: "button", class: `ctl icon ${more}`.trim(), "aria-label": say(text), title: say(text) }, icon(sign));
  const dots = button("dots", "moreTools", "more");
  const element = make("div", { class: "acts" }, ...all.map(([sign, text, act]) => {
    const made = button(sign, text);
    made.addEventListener("click", () => act(made));
    return made;
  }), dots);
  dots.addEventListener("click", () => attribute(dots, "aria-expanded", String(element.classList.toggle("all"))));
  return element;
}
