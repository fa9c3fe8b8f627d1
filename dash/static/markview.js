// The marks of the charts as a list, for users who cannot see or hover over a canvas.

import { list, make, put } from "./dom.js";
import { markText, marksOf, notesOver, startsOver, versionsOver } from "./marks.js";
import { say } from "./messages.js";
import { nothingOver, rangeOf, samplesOf } from "./now.js";

/**
 * marksView returns the list of a service's marks; the last result stays until a newer one
 * arrives.
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
