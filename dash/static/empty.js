// The notice shown while there is no data.

import { byId, make } from "./dom.js";
import { visible } from "./format.js";
import { say } from "./messages.js";

const command = (/** @type {string} */ text) => make("pre", {}, make("code", {}, text));

const states = /** @type {Record<string, (waiting: import("./api.js").ListedTarget[]) => Node[]>} */ ({
  noTarget: () => [
    make("h2", {}, say("noTarget")), make("p", {}, say("noTargetText")), command("tacho serve localhost:8080"),
    make("p", {}, say("noTargetDemo")), command("tacho demo"),
  ],
  waiting: (waiting) => [
    make("h2", {}, say("waitingTitle")), make("p", {}, say("waitingText")),
    make("ul", {}, ...waiting.slice(0, 20).map((t) => make("li", {}, visible(t.scrapeUrl ?? "")))),
  ],
  standing: () => [make("h2", {}, say("standingTitle")), make("p", {}, say("standingText"))],
  empty: () => [make("h2", {}, say("emptyTitle")), make("p", {}, say("emptyText"))],
});

/**
 * showEmpty explains why there is no data.
 * @param {import("./now.js").Now} now
 */
export function showEmpty({ services, targets, view }) {
  const box = byId("empty");
  const waiting = (targets ?? []).filter((t) => t.health === "unknown");
  const none = services.length === 0 && view.page === "";
  const kind = !none ? "" : !("last" in view.span) ? "standing" : waiting.length > 0 ? "waiting" : targets ? "noTarget" : "empty";
  box.hidden = !kind;
  if (box.dataset.kind === kind) return;
  box.dataset.kind = kind;
  box.replaceChildren(...(kind ? states[kind](waiting) : []));
}
