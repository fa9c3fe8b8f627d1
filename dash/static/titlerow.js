// The row above a screen: where one is, the state, and the facts about it.

import { attribute, list, make, put } from "./dom.js";
import { pill } from "./icons.js";
import { say } from "./messages.js";
import { putLong } from "./cells.js";

/**
 * @typedef {{text: string, href: string}} Crumb
 * @typedef {{key: string, text: string, href: string, current: boolean, count?: number}} Tab
 */

/** titleRow is a screen's title with its crumbs, its state, facts and tabs. */
export function titleRow() {
  const crumbs = make("span", { class: "crumb crumbs" });
  const name = make("bdi");
  const state = pill();
  const about = make("p", { class: "about" });
  const tabs = make("nav", { class: "sub", "aria-label": say("parts") });
  const element = make("div", { class: "head" }, make("h1", {}, crumbs, name), state.element, about, tabs);
  return {
    element,
    /**
     * @param {object} shown
     * @param {Crumb[]} [shown.crumbs]
     * @param {string} shown.name
     * @param {string} [shown.state]
     * @param {string} [shown.stateWords]
     * @param {string[]} [shown.facts]
     * @param {Tab[]} [shown.tabs]
     */
    update(shown) {
      const { crumbs: path = [], state: now = "", stateWords, facts = [], tabs: all = [] } = shown;
      list(crumbs, path.map((crumb, i) => ({ key: String(i), ...crumb })), crumbView);
      putLong(name, shown.name);
      state.element.hidden = !now;
      if (now) state.update(now, stateWords);
      list(about, facts.filter(Boolean).map((text, i) => ({ key: String(i), text })), factView);
      tabs.hidden = all.length === 0;
      list(tabs, all, tabView);
    },
  };
}

function crumbView() {
  const a = make("a");
  return {
    element: make("span", {}, a, " / "),
    update(/** @type {Crumb} */ { text, href }) {
      putLong(a, text);
      attribute(a, "href", href);
    },
  };
}

function factView() {
  const element = make("span");
  return { element, update(/** @type {{text: string}} */ { text }) { put(element, text); } };
}

function tabView() {
  const text = make("span");
  const count = make("span", { class: "count" });
  const element = make("a", {}, text, " ", count);
  return {
    element,
    update(/** @type {Tab} */ tab) {
      put(text, tab.text);
      put(count, tab.count ? String(tab.count) : "");
      count.hidden = !tab.count;
      // Room is kept only for a number that can come.
      if (tab.count === undefined) count.remove();
      attribute(element, "href", tab.href);
      attribute(element, "aria-current", tab.current ? "page" : "");
    },
  };
}
