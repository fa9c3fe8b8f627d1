// The marks of the charts as a list, for those who cannot see or hover a canvas.

import { list, make, put } from "./dom.js";
import { markText, marksOf, notesOver, startsOver, versionsOver } from "./marks.js";
import { say } from "./messages.js";
import { nothingOver, rangeOf, samplesOf } from "./now.js";

/**
 * marksNow asks what happened to a service; the last answer stays while there is no newer one.
 */
export function marksView() {
  const items = make("ul", { class: "marks" });
  const element = make("details", { class: "happened" }, make("summary", {}, say("happened")), items);
  element.hidden = true;
  /** @type {import("./marks.js").Mark[]} */
  let marks = [];
  return {
    element,
    /**
     * @param {import("./now.js").Now} now
     * @param {string} job
     */
    update(now, job) {
      const versions = rangeOf(now, versionsOver(job));
      const starts = rangeOf(now, startsOver(job));
      const notes = samplesOf(now, notesOver(job, now.at - now.edges.from));
      if (versions && starts && notes) {
        marks = marksOf(versions.value ?? nothingOver(now), starts.value ?? nothingOver(now), notes, now.edges);
      }
      element.hidden = marks.length === 0;
      list(items, [...marks].reverse(), () => {
        const item = make("li");
        return { element: item, update: (/** @type {import("./marks.js").Mark} */ m) => put(item, markText(m)) };
      });
      return marks;
    },
  };
}
