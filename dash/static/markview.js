// The marks of a service: the last answer stays until there is a newer one.

import { marksOf, notesOver, startsOver, versionsOver } from "./marks.js";
import { nothingOver, rangeOf, samplesOf } from "./now.js";

/** marksOver returns the marks of one service after the other. */
export function marksOver() {
  /** @type {import("./marks.js").Mark[]} */
  let marks = [];
  let of = "";
  return (/** @type {import("./now.js").Now} */ now, /** @type {string} */ job) => {
    if (of !== job) [marks, of] = [[], job];
    const versions = rangeOf(now, versionsOver(job));
    const starts = rangeOf(now, startsOver(job));
    const notes = samplesOf(now, notesOver(job, now.at - now.edges.from));
    if (versions && starts && notes) {
      marks = marksOf(versions.value ?? nothingOver(now), starts.value ?? nothingOver(now), notes, now.edges);
    }
    return marks;
  };
}
