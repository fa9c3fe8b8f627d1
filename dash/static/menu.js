// The settings: colors, language, time zone, and the sheet of keys.

import { attribute, list, make, put } from "./dom.js";
import { zoneName } from "./format.js";
import { icon } from "./icons.js";
import { other, say } from "./messages.js";
import { arrows } from "./pop.js";

/** Time zones that are listed; the filter finds the others. */
const maxZones = 8;

/**
 * settingsMenu is what opens at the end of the bar.
 * @param {import("./now.js").ChangeView} changeView
 * @param {() => void} keys shows the keys
 */
export function settingsMenu(changeView, keys) {
  const themes = choice("theme", [["", "themeSystem"], ["light", "themeLight"], ["dark", "themeDark"]], changeView);
  const zone = zones(changeView);
  const help = make("button", { type: "button" }, icon("help"), say("keys"), make("span", { class: "end" }, make("kbd", {}, "?")));
  help.addEventListener("click", keys);
  const element = make("div", { class: "pop menu", role: "dialog", "aria-label": say("settings") },
    make("h3", {}, say("theme")), themes.element, make("h3", {}, say("languages")), language(changeView), make("h3", {}, say("zone")), zone.element, make("ul", {}, make("li", {}, help)));
  arrows(element, "button, input");
  return {
    element,
    update(/** @type {import("./now.js").Now} */ now) {
      themes.update(now);
      zone.update(now);
    },
  };
}

/**
 * choice selects one of the named values of a field of the view.
 * @param {"compare" | "theme"} field
 * @param {[string, string][]} values each with its message
 * @param {import("./now.js").ChangeView} changeView
 */
export function choice(field, values, changeView) {
  const buttons = values.map(([value, label]) => {
    const button = make("button", { type: "button", class: "ctl", "data-value": value }, say(label));
    button.addEventListener("click", () => changeView((view) => ({ ...view, [field]: value })));
    return button;
  });
  return {
    element: make("div", { class: "group", role: "group", id: field, "aria-label": say(field) }, ...buttons),
    update(/** @type {import("./now.js").Now} */ { view }) {
      for (const b of buttons) attribute(b, "aria-pressed", String(b.dataset.value === view[field]));
    },
  };
}

/** language is a button for each of the two; each says its name in itself. */
function language(/** @type {import("./now.js").ChangeView} */ changeView) {
  const own = make("button", { type: "button", class: "ctl", "aria-pressed": "true" }, say("ownLanguage"));
  const next = make("button", { id: "language", type: "button", class: "ctl", lang: other(), "aria-pressed": "false" }, say("language"));
  next.addEventListener("click", () => changeView((view) => ({ ...view, lang: other() })));
  return make("div", { class: "group", role: "group", "aria-label": say("languages") }, own, next);
}

/** zones selects the time zone: the browser's, UTC, or any other that the browser knows. */
function zones(/** @type {import("./now.js").ChangeView} */ changeView) {
  const input = /** @type {HTMLInputElement} */ (make("input", { type: "text", id: "zone", autocomplete: "off", spellcheck: "false", "aria-label": say("zone") }));
  const found = make("ul", { class: "zones" });
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  /** @type {string[]} */
  let all = [];
  const choose = (/** @type {string} */ zone) => { changeView((view) => ({ ...view, zone })); found.replaceChildren(); };
  const item = () => {
    const button = make("button", { type: "button" });
    button.addEventListener("click", () => choose(button.dataset.zone ?? ""));
    return {
      element: make("li", {}, button),
      update(/** @type {{key: string, text: string}} */ { key, text }) { put(button, text); button.dataset.zone = key; },
    };
  };
  const offer = () => {
    if (all.length === 0) all = ["UTC", ...Intl.supportedValuesOf("timeZone")];
    const wanted = input.value.toLowerCase().replaceAll(" ", "_");
    const some = all.filter((z) => z.toLowerCase().includes(wanted)).slice(0, maxZones);
    list(found, [{ key: "", text: say("zoneOwn", { zone: own }) }, ...some.map((z) => ({ key: z, text: z }))], item);
  };
  input.addEventListener("input", offer);
  input.addEventListener("focus", () => { input.value = ""; offer(); });
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    const match = all.find((z) => z.toLowerCase() === input.value.toLowerCase()) ?? all.find((z) => z.toLowerCase().includes(input.value.toLowerCase()));
    if (match) choose(match);
  });
  return {
    element: make("div", { class: "zone" }, make("div", { class: "field" }, icon("clock", "s"), input), found),
    update(/** @type {import("./now.js").Now} */ _) {
      if (document.activeElement !== input) input.value = zoneName();
    },
  };
}
