// The navigation and the controls above every screen: time range, comparison, theme, time
// zone, language.

import { attribute, byId, list, make, put } from "./dom.js";
import { age, moment, stamp, time, zoneName } from "./format.js";
import { other, say } from "./messages.js";
import { longest, presets, shortest, within } from "./range.js";
import { addressOf } from "./view.js";

/** The screens of the navigation, and the views they select. */
const places = /** @type {{key: string, label: string, change: Partial<import("./view.js").View>}[]} */ ([
  { key: "", label: "services", change: { page: "", open: "-", route: "" } },
  { key: "explore", label: "explore", change: { page: "explore" } },
  { key: "alerts", label: "alertsAndTargets", change: { page: "alerts" } },
]);

/** Fields of the view with named values: the field, and each value with its message. */
const choices = /** @type {["compare" | "theme", [string, string][]][]} */ ([
  ["compare", [["", "compareNone"], ["before", "compareBefore"], ["day", "compareDay"], ["week", "compareWeek"]]],
  ["theme", [["", "themeSystem"], ["light", "themeLight"], ["dark", "themeDark"]]],
]);

/**
 * controls fills the navigation and the controls.
 * @param {import("./now.js").ChangeView} changeView
 */
export function controls(changeView) {
  const links = make("ul", {});
  attribute(byId("nav"), "aria-label", say("navigation"));
  byId("nav").replaceChildren(links);
  const parts = [spans(changeView), ...choices.map(([field, values]) => choice(field, values, changeView)), zones(changeView), language(changeView)];
  const box = byId("controls");
  attribute(box, "aria-label", say("controls"));
  box.replaceChildren(...parts.map((p) => p.element));
  return {
    update(/** @type {import("./now.js").Now} */ now) {
      box.hidden = false;
      list(links, places.map((place) => ({ ...place, now })), link);
      for (const part of parts) part.update(now);
    },
  };
}

function link() {
  const a = make("a");
  return {
    element: make("li", {}, a),
    update(/** @type {typeof places[number] & {now: import("./now.js").Now}} */ { key, label, change, now }) {
      const firing = key === "alerts" ? (now.alerts ?? []).filter((x) => x.state === "firing").length : 0;
      put(a, firing ? `${say(label)} (${firing})` : say(label));
      attribute(a, "href", addressOf(now.view, change));
      attribute(a, "aria-current", now.view.page === key ? "page" : "");
    },
  };
}

/** spans selects the time range. */
function spans(/** @type {import("./now.js").ChangeView} */ changeView) {
  const buttons = presets.map((last) => {
    const button = make("button", { type: "button" }, age(last));
    button.addEventListener("click", () => changeView((view) => ({ ...view, span: { last } })));
    return { button, last };
  });
  const live = make("button", { type: "button", class: "live" });
  /** @type {import("./now.js").Now | null} */
  let shown = null;
  // A paused range has a fixed start and end, so that a copied address shows the same to others.
  live.addEventListener("click", () => changeView((view) => {
    const { span } = view;
    if (!("last" in span)) return { ...view, span: { last: Math.max(shortest, span.to - span.from) } };
    const to = Math.floor(shown?.at ?? Date.now() / 1000);
    return { ...view, span: { from: to - span.last, to } };
  }));
  const own = between(changeView, () => shown);
  const still = make("span", { class: "muted" });
  return {
    element: make("div", { class: "part", role: "group", "aria-label": say("span") }, ...buttons.map((b) => b.button), live, own.element, still),
    update(/** @type {import("./now.js").Now} */ now) {
      shown = now;
      const { span } = now.view;
      for (const { button, last } of buttons) attribute(button, "aria-pressed", String("last" in span && span.last === last));
      const follows = "last" in span;
      put(live, say(follows ? "pause" : "goLive"));
      attribute(live, "title", say(follows ? "pauseMeans" : "goLiveMeans"));
      put(still, "last" in span ? "" : spanText(span));
    },
  };
}

const spanText = (/** @type {{from: number, to: number}} */ { from, to }) =>
  say("fromTo", { from: time(new Date(from * 1000), new Date()), to: time(new Date(to * 1000), new Date()) });

/** between selects a custom range. */
function between(/** @type {import("./now.js").ChangeView} */ changeView, /** @type {() => import("./now.js").Now | null} */ shown) {
  const field = (/** @type {string} */ id) => /** @type {HTMLInputElement} */ (make("input", { type: "datetime-local", step: "1", id }));
  const [from, to] = [field("from"), field("to")];
  const wrong = make("p", { class: "wrong", role: "alert" });
  const form = make("form", {}, make("label", { for: "from" }, say("from")), from, make("label", { for: "to" }, say("to")), to,
    make("button", { type: "submit" }, say("run")), wrong);
  const box = /** @type {HTMLDetailsElement} */ (make("details", { class: "between" }, make("summary", {}, say("between")), form));
  box.addEventListener("toggle", () => {
    const now = shown();
    if (!box.open || !now) return;
    from.value = stamp(new Date(now.edges.from * 1000));
    to.value = stamp(new Date(now.at * 1000));
    put(wrong, "");
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const [a, b] = [moment(from.value), moment(to.value)];
    const length = b - a;
    if (!(length >= shortest && length <= longest)) return put(wrong, say("spanWrong"));
    box.open = false;
    changeView((view) => ({ ...view, span: within(a, b) }));
  });
  return { element: box };
}

/** choice selects one of the named values of a field. */
function choice(/** @type {"compare" | "theme"} */ field, /** @type {[string, string][]} */ values, /** @type {import("./now.js").ChangeView} */ changeView) {
  const select = /** @type {HTMLSelectElement} */ (make("select", { id: field, "aria-label": say(field) }, ...values.map(([value, label]) => make("option", { value }, say(label)))));
  select.addEventListener("change", () => changeView((view) => ({ ...view, [field]: select.value })));
  return {
    element: select,
    update(/** @type {import("./now.js").Now} */ { view }) {
      if (select.value !== view[field]) select.value = view[field];
    },
  };
}

/** zones selects the time zone: the browser's, UTC, or any other that the browser knows. */
function zones(/** @type {import("./now.js").ChangeView} */ changeView) {
  const select = /** @type {HTMLSelectElement} */ (make("select", { id: "zone", "aria-label": say("zone") }));
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const option = (/** @type {string} */ value) => make("option", { value }, value || say("zoneOwn", { zone: own }));
  const known = () => [...select.options].map((o) => o.value);
  const offer = (/** @type {string[]} */ zones) => select.append(...zones.filter((z) => !known().includes(z)).map(option));
  offer(["", "UTC"]);
  // Several hundred: added only when the list is opened.
  const all = () => offer(Intl.supportedValuesOf("timeZone"));
  select.addEventListener("focus", all, { once: true });
  select.addEventListener("pointerdown", all, { once: true });
  select.addEventListener("change", () => changeView((view) => ({ ...view, zone: select.value })));
  return {
    element: select,
    update(/** @type {import("./now.js").Now} */ { view }) {
      offer([view.zone]);
      if (select.value !== view.zone) select.value = view.zone;
      attribute(select, "title", zoneName());
    },
  };
}

/** language is a button with the name of the other language in that language. */
function language(/** @type {import("./now.js").ChangeView} */ changeView) {
  const button = make("button", { id: "language", type: "button", lang: other() }, say("language"));
  button.addEventListener("click", () => changeView((view) => ({ ...view, lang: other() })));
  return { element: button, update() {} };
}
