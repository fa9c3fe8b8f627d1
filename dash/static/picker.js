// The time picker: presets, this incident, since a version, from and to as one types them, comparison.

import { attribute, list, make, put } from "./dom.js";
import { age, shorten, stamp, visible } from "./format.js";
import { newestOf, versionsNow } from "./marks.js";
import { choice } from "./menu.js";
import { say } from "./messages.js";
import { samplesOf } from "./now.js";
import { longest, presets, shortest, within } from "./range.js";
import { placeOf } from "./rows.js";
import { typedTime } from "./typedtime.js";
import { incidentSpan } from "./verdict.js";

/** How long the versions of services are good for, in seconds. */
const versionInterval = 15;

/**
 * picker is what opens below the time.
 * @param {import("./now.js").ChangeView} changeView
 * @param {() => void} done closes it
 */
export function picker(changeView, done) {
  const left = make("div", { class: "left" });
  const field = (/** @type {string} */ id) => /** @type {HTMLInputElement} */ (make("input", { id, type: "text", autocomplete: "off", spellcheck: "false" }));
  const [from, to] = [field("from"), field("to")];
  const wrong = make("p", { class: "small is-bad", role: "alert" });
  const form = make("form", { class: "right" },
    make("label", {}, say("from"), make("span", { class: "field" }, from)), make("label", {}, say("to"), make("span", { class: "field" }, to)),
    make("p", { class: "small muted" }, say("timeHint")), wrong, make("button", { type: "submit", class: "ctl primary" }, say("apply")));
  const compare = choice("compare", [["before", "compareBefore"], ["day", "compareDay"], ["week", "compareWeek"], ["", "compareNone"]], changeView);
  form.append(make("p", { class: "small muted" }, say("compare")), compare.element);
  const element = make("div", { class: "pop picker", role: "dialog", "aria-label": say("span") }, left, form);
  /** The opening for which the fields were filled. */
  let filled = 0;
  const choose = (/** @type {import("./range.js").Span} */ span, /** @type {string | undefined} */ compare = undefined) => {
    done();
    changeView((view) => ({ ...view, span, compare: compare ?? view.compare }));
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const now = Date.now() / 1000;
    const [a, b] = [typedTime(from.value, now), typedTime(to.value, now)];
    if (!(b - a >= shortest && b - a <= longest)) return put(wrong, say("spanWrong"));
    // To the present is live.
    choose(Math.abs(now - b) < 1 ? { last: Math.round(b - a) } : within(a, b));
  });
  return {
    element,
    /**
     * @param {import("./now.js").Now} now
     * @param {number} opening counts how often it was opened
     */
    update(now, opening) {
      const versions = samplesOf({ ...now, at: Math.floor(now.at / versionInterval) * versionInterval }, versionsNow);
      list(left, spansOf(now, versions ?? []), () => spanButton(choose));
      compare.update(now);
      if (filled === opening) return;
      filled = opening;
      if (!versions) now.refresh();
      from.value = stamp(new Date(now.edges.from * 1000)).replace("T", " ");
      to.value = "last" in now.view.span ? say("nowWord") : stamp(new Date(now.at * 1000)).replace("T", " ");
      put(wrong, "");
      /** @type {HTMLElement | null} */ (left.querySelector("[aria-current]") ?? left.querySelector("button"))?.focus();
    },
  };
}

/** @typedef {{key: string, text: string, span: import("./range.js").Span, compare?: string, current: boolean}} Preset */

/**
 * spansOf are the ranges that have a button: of the clock, of what is wrong now, since the newest version, and
 * that version against as long before it.
 * @param {import("./now.js").Now} now
 * @param {import("./model.js").Sample[]} versions
 * @returns {Preset[]}
 */
function spansOf(now, versions) {
  const { span } = now.view;
  const all = presets.map((last) => ({ key: String(last), text: say("lastSpan", { age: age(last) }), span: { last }, current: "last" in span && span.last === last }));
  const incident = incidentSpan(now);
  return [
    ...all,
    ...(incident ? [{ key: "incident", text: say("thisIncident"), span: incident, current: false }] : []),
    ...versionSpans(now, versions),
  ];
}

/** versionSpans are the ranges of the newest version of the selected service, or of all. */
function versionSpans(/** @type {import("./now.js").Now} */ { services, view, at }, /** @type {import("./model.js").Sample[]} */ versions) {
  const chosen = services.filter((s) => placeOf(s) === view.open);
  const newest = newestOf(versions, (job) => (chosen.length ? chosen : services).some((s) => s.job === job));
  const lasts = newest?.at ? Math.max(shortest, Math.ceil(at - newest.at)) : 0;
  if (!newest || !lasts || 2 * lasts > longest) return [];
  const version = shorten(visible(newest.text), 24);
  return [
    { key: "version", text: say("sinceVersion", { version }), span: { last: lasts + 60 }, current: false },
    { key: "versus", text: say("versusVersion", { version }), span: { last: lasts }, compare: "before", current: false },
  ];
}

function spanButton(/** @type {(span: import("./range.js").Span, compare?: string) => void} */ choose) {
  const text = make("span");
  const button = make("button", { type: "button" }, text);
  /** @type {Preset | null} */
  let shown = null;
  button.addEventListener("click", () => { if (shown) choose(shown.span, shown.compare); });
  return {
    element: button,
    update(/** @type {Preset} */ preset) {
      shown = preset;
      put(text, preset.text);
      attribute(button, "aria-current", preset.current ? "true" : "");
    },
  };
}
