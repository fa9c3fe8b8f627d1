// Alerts and targets.

import { make } from "./dom.js";
import { say } from "./messages.js";

/** @param {import("./now.js").ChangeView} changeView */
export function alertsScreen(changeView) {
  const element = make("section", { id: "alerts-screen" }, make("h2", {}, say("alertsAndTargets")));
  return { element, update(/** @type {import("./now.js").Now} */ now) { void now; void changeView; } };
}
