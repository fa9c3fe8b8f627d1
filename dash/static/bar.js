// The bar above every screen: where one is, what else there is, which time; on phones, the places are in
// a dock at the bottom.

import { attribute, byId, list, make, put } from "./dom.js";
import { age, dayKey, minute, time, visible } from "./format.js";
import { icon, logo, stateIcon } from "./icons.js";
import { lazy } from "./lazy.js";
import { inLanguage, say } from "./messages.js";
import { arrows, pop } from "./pop.js";
import { lengthOf, shortest } from "./range.js";
import { placeOf } from "./rows.js";
import { selectedService } from "./services.js";
import { stateText } from "./head.js";
import { addressOf, still } from "./view.js";

/** The screens, the views they select, and their icons in the dock. */
const places = /** @type {{key: string, label: string, icon: string, change: Partial<import("./view.js").View>}[]} */ ([
  { key: "", label: "services", icon: "tiles", change: { page: "", open: "-", route: "", part: "" } },
  { key: "explore", label: "explore", icon: "compass", change: { page: "explore" } },
  { key: "alerts", label: "alerts", icon: "bell", change: { page: "alerts" } },
  { key: "slos", label: "slos", icon: "gauge", change: { page: "slos" } },
  { key: "targets", label: "targets", icon: "target", change: { page: "targets" } },
]);

/** What the bar does besides changing the view. */
/** @typedef {{search: () => void, keys: () => void, cancel: () => void}} Actions */

/**
 * bar fills the bar and the dock.
 * @param {import("./now.js").ChangeView} changeView
 * @param {Actions} actions
 */
export function bar(changeView, actions) {
  const demo = demoChip();
  const services = switcher(changeView);
  const links = make("nav", { id: "nav", class: "nav", "aria-label": say("navigation") });
  const find = make("button", { type: "button", class: "ctl find", title: say("search") }, icon("search"), make("span", {}, say("searchFor")), make("kbd", {}, "Ctrl K"));
  find.addEventListener("click", actions.search);
  const span = timeGroup(changeView);
  const live = liveControl(changeView, actions.cancel);
  const settings = make("button", { type: "button", class: "ctl icon bare", id: "settings", "aria-haspopup": "dialog", "aria-label": say("settings"), title: say("settings") }, icon("dots"));
  const menu = opening(settings, (later, close) => later.settingsMenu(changeView, () => { close(); actions.keys(); }));
  const home = make("a", { class: "brand", "aria-label": say("home") }, logo(), make("span", {}, "tacho"));
  byId("bar").replaceChildren(home, demo.element, services.element, links, find, span.element, live.element, make("span", { class: "anchor" }, settings, menu.element));
  attribute(byId("dock"), "aria-label", say("navigation"));
  return {
    open: { services: services.open, time: span.open },
    clock: live.clock,
    update(/** @type {import("./now.js").Now} */ now) {
      attribute(home, "href", addressOf(now.view, places[0].change));
      list(links, places.map((place) => ({ ...place, now })), () => link(false));
      list(byId("dock"), places.map((place) => ({ ...place, now })), () => link(true));
      for (const part of [demo, services, span, live, menu]) part.update(now);
    },
  };
}

/**
 * opening is what a button opens; it is loaded then.
 * @param {HTMLElement} button
 * @param {(later: any, close: () => void) => {element: HTMLElement, update: Function}} from
 */
function opening(button, from) {
  /** @type {import("./now.js").Now | null} */
  let shown = null;
  let times = 0;
  const view = lazy((later) => from(later, () => open(false)));
  const open = pop(button, view.element, (now) => {
    if (now) times++;
    if (now && shown) view.update(shown, times);
  });
  return {
    element: view.element,
    open,
    update(/** @type {import("./now.js").Now} */ now) {
      shown = now;
      if (!view.element.hidden) view.update(now, times);
    },
  };
}

function link(/** @type {boolean} */ withIcon) {
  const text = make("span");
  const count = make("span", { class: "count bad" });
  const element = make("a", {}, text, count);
  let drawn = false;
  return {
    element,
    update(/** @type {typeof places[number] & {now: import("./now.js").Now}} */ { key, label, icon: name, change, now }) {
      if (withIcon && !drawn) element.prepend(icon(name));
      drawn = true;
      const firing = key === "alerts" ? (now.alerts ?? []).filter((x) => x.state === "firing").length : 0;
      put(text, say(label));
      put(count, firing ? String(firing) : "");
      count.hidden = !firing;
      attribute(count, "title", firing ? say("firingCount", { n: firing }) : "");
      attribute(element, "href", addressOf(now.view, change));
      attribute(element, "aria-current", now.view.page === key ? "page" : "");
    },
  };
}

/** demoChip says that the numbers are made up, and how. */
function demoChip() {
  const hint = make("p", { class: "pop hintbox", id: "hint" });
  const button = make("button", { type: "button", class: "chip demo" }, "demo");
  const element = make("span", { class: "anchor" }, button, hint);
  pop(button, hint);
  return {
    element,
    update(/** @type {import("./now.js").Now} */ { config }) {
      const text = inLanguage([config.hint, config.hintChinese || config.hint]);
      element.hidden = !text;
      put(hint, text);
      attribute(button, "title", text);
      put(button, config.demo ? "demo" : say("note"));
    },
  };
}

/** Services in the switcher; the filter finds the others. */
const maxListed = 200;

/** switcher selects a service, the worst first. */
function switcher(/** @type {import("./now.js").ChangeView} */ changeView) {
  const state = stateIcon();
  const name = make("bdi");
  const button = make("button", { type: "button", class: "ctl switch", "aria-haspopup": "dialog", title: say("switchService") }, state.element, name, icon("down", "s"));
  const input = /** @type {HTMLInputElement} */ (make("input", { type: "text", autocomplete: "off", spellcheck: "false", placeholder: say("findService"), "aria-label": say("findService") }));
  const items = make("ul");
  const box = make("div", { class: "pop menu", role: "dialog", "aria-label": say("services") }, make("div", { class: "field" }, icon("search", "s"), input), items);
  const element = make("span", { class: "anchor start" }, button, box);
  /** @type {import("./now.js").Now | null} */
  let shown = null;
  const open = pop(button, box, (now) => {
    if (!now) return;
    input.value = "";
    fill();
    input.focus();
  });
  arrows(box, "input, a");
  input.addEventListener("input", () => fill());
  input.addEventListener("keydown", (event) => { if (event.key === "Enter") /** @type {HTMLElement | null} */ (items.querySelector("a"))?.click(); });
  items.addEventListener("click", () => open(false));
  const fill = () => {
    if (!shown) return;
    const { services, view } = shown;
    const wanted = input.value.toLowerCase();
    const found = services.filter((s) => placeOf(s).toLowerCase().includes(wanted)).slice(0, maxListed);
    const all = wanted ? [] : [{ key: "-", service: null, view }];
    list(items, [...all, ...found.map((service) => ({ key: service.key, service, view }))], switchItem);
  };
  return {
    element, open,
    update(/** @type {import("./now.js").Now} */ now) {
      shown = now;
      const service = serviceIn(now);
      element.hidden = now.services.length === 0;
      state.element.toggleAttribute("hidden", !service);
      if (service) state.update(service.state);
      put(name, service ? visible(placeOf(service)) || say("noJob") : say("allServices"));
      if (!box.hidden) fill();
    },
  };
}

/** serviceIn is the service whose screen is shown, or whose metrics Explore lists; null for all. */
function serviceIn(/** @type {import("./now.js").Now} */ { services, view }) {
  if (view.page === "explore") return services.find((s) => placeOf(s) === view.open) ?? null;
  return view.page === "" ? selectedService(services, view) : null;
}

/** A place in a service that another one does not have. */
const elsewhere = { part: "", route: "" };

function switchItem() {
  const state = stateIcon();
  const name = make("bdi");
  const end = make("span", { class: "end" });
  const a = make("a", {}, state.element, name, end);
  return {
    element: make("li", {}, a),
    update(/** @type {{service: import("./model.js").Service | null, view: import("./view.js").View}} */ { service, view }) {
      state.element.toggleAttribute("hidden", !service);
      if (service) state.update(service.state);
      put(name, service ? visible(placeOf(service)) || say("noJob") : say("allServices"));
      put(end, service && service.state !== "healthy" ? stateText(service) : "");
      const open = service ? placeOf(service) : "-";
      attribute(a, "href", addressOf(view, view.page === "explore" ? { ...elsewhere, open } : { ...elsewhere, page: "", filter: "", open }));
    },
  };
}

/** timeGroup shows and changes the time range. */
function timeGroup(/** @type {import("./now.js").ChangeView} */ changeView) {
  const step = (/** @type {string} */ name, /** @type {string} */ shape, /** @type {number} */ by) => {
    const button = make("button", { type: "button", class: "ctl icon stepper", "aria-label": say(name), title: say(`${name}Key`) }, icon(shape));
    button.addEventListener("click", () => changeView((view) => shifted(view, by)));
    return button;
  };
  const text = make("span");
  const versus = make("span", { class: "vs" });
  const button = make("button", { type: "button", class: "ctl", id: "span", "aria-haspopup": "dialog", title: say("timeKey") }, icon("clock"), text, versus, icon("down", "s"));
  const choice = opening(button, (later, close) => later.picker(changeView, close));
  return {
    element: make("span", { class: "anchor" }, make("span", { class: "group", role: "group", "aria-label": say("span") }, step("earlier", "left", -1), button, step("later", "right", 1)), choice.element),
    open: choice.open,
    update(/** @type {import("./now.js").Now} */ now) {
      put(text, spanText(now.view.span));
      put(versus, now.view.compare ? say(`vs_${now.view.compare}`) : "");
      choice.update(now);
    },
  };
}

/** shifted is the view moved by its length. */
export function shifted(/** @type {import("./view.js").View} */ view, /** @type {number} */ by) {
  const now = Math.floor(Date.now() / 1000);
  const { span } = view;
  const [from, to] = "last" in span ? [now - span.last, now] : [span.from, span.to];
  const length = to - from;
  // Later than now is live.
  if (to + by * length >= now) return { ...view, span: { last: length } };
  return { ...view, span: { from: from + by * length, to: to + by * length } };
}

function spanText(/** @type {import("./range.js").Span} */ span) {
  if ("last" in span) return say("lastSpan", { age: age(span.last) });
  const now = new Date();
  const [from, to] = [new Date(span.from * 1000), new Date(span.to * 1000)];
  return say("fromTo", { from: time(from, now), to: dayKey(from) === dayKey(to) ? (dayKey(to) === dayKey(now) ? time : minute)(to, now) : time(to, now) });
}

/** paused is a view that stands still or follows the clock, whichever it did not do. */
export function paused(/** @type {import("./view.js").View} */ view, /** @type {number} */ at) {
  return "last" in view.span ? still(view, at) : { ...view, span: { last: Math.max(shortest, lengthOf(view.span)) } };
}

/** liveControl says how old the numbers are, and pauses. */
function liveControl(/** @type {import("./now.js").ChangeView} */ changeView, /** @type {() => void} */ cancel) {
  const dot = make("span", { class: "dot beat" });
  const play = icon("play");
  const word = make("span");
  const clock = make("time", { id: "clock", class: "muted" }, "–");
  const button = make("button", { type: "button", class: "ctl live", id: "live" }, dot, play, word, " ", clock);
  const stop = make("button", { type: "button", class: "ctl", id: "cancel", hidden: "" }, say("cancel"));
  const waiting = make("span", { id: "waiting", class: "muted small" });
  // Below the bar: it must not move what is in it.
  const wait = make("span", { class: "wait", hidden: "" }, waiting, stop);
  /** @type {import("./now.js").Now | null} */
  let shown = null;
  button.addEventListener("click", () => changeView((view) => paused(view, shown?.at ?? Date.now() / 1000)));
  stop.addEventListener("click", cancel);
  return {
    element: make("span", { class: "liveness" }, button, wait),
    /**
     * @param {string} text the time of the numbers
     * @param {number} old their age in seconds if they are too old, else 0
     * @param {number} waited seconds since the update in progress began
     */
    clock(text, old, waited) {
      const follows = !shown || "last" in shown.view.span;
      put(word, old ? say("oldBy", { age: age(old) }) : say(follows ? "live" : "paused"));
      put(clock, text);
      attribute(dot, "class", old ? "dot stale" : "dot beat");
      dot.hidden = !follows;
      play.toggleAttribute("hidden", follows);
      attribute(button, "class", `ctl ${old ? "is-warn" : follows ? "live" : ""}`.trim());
      attribute(button, "aria-pressed", String(follows));
      attribute(button, "title", say(follows ? "pauseMeans" : "goLiveMeans"));
      wait.hidden = waited < 2;
      put(waiting, waited >= 2 ? say("waiting", { age: age(waited) }) : "");
      stop.hidden = waited < 3;
    },
    update(/** @type {import("./now.js").Now} */ now) { shown = now; },
  };
}
