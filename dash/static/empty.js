// What is shown while there is no data: the first start, or a notice.

import { attribute, byId, make } from "./dom.js";
import { lazy } from "./lazy.js";
import { say } from "./messages.js";

/** The first start is loaded when it is shown. */
const first = lazy(({ firstStart }) => firstStart());

const notices = /** @type {Record<string, [string, string]>} */ ({ standing: ["standingTitle", "standingText"], empty: ["emptyTitle", "emptyText"] });

/**
 * showEmpty explains why there is no data.
 * @param {import("./now.js").Now} now
 */
export function showEmpty(now) {
  const { services, targets, view } = now;
  const box = byId("empty");
  const waiting = (targets ?? []).filter((t) => t.health === "unknown" && t.labels?.job !== "tacho");
  const none = services.length === 0 && view.page === "";
  const kind = !none ? "" : !("last" in view.span) ? "standing" : targets ? "first" : "empty";
  box.hidden = !kind;
  if (kind === "first") first.update(now, waiting);
  if (box.dataset.kind === kind) return;
  box.dataset.kind = kind;
  attribute(box, "class", notices[kind] ? "notice" : "");
  const [title, text] = notices[kind] ?? [];
  box.replaceChildren(...(kind === "first" ? [first.element] : title ? [make("h2", {}, say(title)), make("p", {}, say(text))] : []));
}
