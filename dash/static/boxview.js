// The card below the heatmap on the requests in a box: what tells them from the rest.

import { boxConclusion, boxQueries, contrastsOf, fewest, listedOf, requestsIn, tallyBox } from "./box.js";
import { comparison } from "./commonview.js";
import { commonQueries, versionsOf } from "./common.js";
import { make } from "./dom.js";
import { clock, count, latency, ratio, shorten, visible } from "./format.js";
import { icon } from "./icons.js";
import { say } from "./messages.js";
import { nothingOver, rangeOf } from "./now.js";
import { ruleWindow } from "./panels.js";

/** The names of the labels in the table. */
const labels = /** @type {Record<string, string>} */ ({ route: "boxRoute", instance: "boxInstance", version: "boxVersion", status: "boxStatus" });

/**
 * boxText is a box in words.
 * @param {import("./box.js").Box} box
 */
export const boxText = ({ from, to, low, high }) => say("boxIs", {
  from: clock(new Date(from * 1000)), to: clock(new Date(to * 1000)), bucket: high === Infinity ? say("slowerThan", { from: latency(low) }) : `${latency(low)} – ${latency(high)}`,
});

/**
 * boxView returns the card, hidden without a box.
 * @param {() => void} remove
 * @param {(box: import("./box.js").Box) => void} zoom
 */
export function boxView(remove, zoom) {
  const card = comparison("boxTitle", ["boxAndRest", "boxColumn", "restColumn"], ["", "calm"]);
  const [zooms, removes] = [make("button", { type: "button", class: "ctl" }, icon("zoom"), say("zoomTo")), make("button", { type: "button", class: "ctl" }, say("boxRemove"))];
  card.element.append(make("p", { class: "foot boxacts" }, zooms, removes));
  card.element.classList.add("boxed");
  card.element.hidden = true;
  /** @type {import("./box.js").Box | null} */
  let shown = null;
  removes.addEventListener("click", remove);
  zooms.addEventListener("click", () => { if (shown) zoom(shown); });
  /** The range that a box is compared with, which does not move with the clock. */
  let fixed = { key: "", edges: { from: 0, to: 0 } };
  return {
    element: card.element,
    /**
     * @param {import("./now.js").Now} live
     * @param {import("./names.js").Names} names
     * @param {import("./queries.js").Subject} subject
     * @param {import("./box.js").Box | null} box
     * @param {boolean} native the heatmap shows native histograms
     */
    update(live, names, subject, box, native) {
      card.element.hidden = !box;
      shown = box;
      if (!box) return;
      const key = JSON.stringify([box, subject, live.view.span, live.step]);
      if (fixed.key !== key) fixed = { key, edges: live.edges };
      const now = { ...live, edges: fixed.edges };
      const window = Math.max(now.step, ruleWindow, 4 * now.every);
      const answers = boxQueries(names, subject, box, { window, native }).map((expr) => rangeOf(now, expr));
      const versions = rangeOf(now, commonQueries({ name: "" }, { ...subject, path: "" }, "1m").versions);
      if (answers.includes(undefined) || !versions) return card.update({ note: boxText(box), says: [say("loading")], rows: [] });
      const found = answers.flatMap((a) => a?.value ?? []);
      const counted = tallyBox(found, box, versionsOf(versions.value ?? nothingOver(now)), names.duration?.scale);
      const contrasts = contrastsOf(counted);
      const n = requestsIn(counted, now.step);
      const problem = answers.find((a) => a?.problem)?.problem?.text();
      card.update({
        note: contrasts.length ? say("boxNote", { box: boxText(box), n: count(Math.round(n)) }) : boxText(box),
        says: problem ? [problem] : contrasts.length === 0 ? [say(found.some((a) => a.series.length) ? "boxEmpty" : "boxUnknown")] : sentences(contrasts, n),
        rows: listedOf(contrasts).map((c) => ({
          key: c.key, label: say(labels[c.label]), value: c.value, bars: [c.inside, c.rest || 0], texts: [ratio(c.inside), ratio(c.rest)], says: say(c.says), strong: c.strong,
        })),
      });
    },
  };
}

/** sentences are the conclusion in words. */
function sentences(/** @type {import("./box.js").Contrast[]} */ contrasts, /** @type {number} */ n) {
  if (n < fewest) return [say("boxFew", { n: count(Math.max(1, Math.round(n))) })];
  const told = boxConclusion(contrasts).map((c) => say(`box_${c.label}`, { share: ratio(c.inside), rest: ratio(c.rest), value: shorten(visible(c.value), 60) }));
  return told.length ? told : [say("boxNothing")];
}
