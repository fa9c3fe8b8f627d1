// The summary at the top, and the window's title.

import { byId, put } from "./dom.js";
import { visible } from "./format.js";
import { say } from "./messages.js";
import { isBad } from "./model.js";
import { stateText } from "./head.js";

/**
 * showSummary shows in one sentence whether all services are healthy.
 * @param {import("./now.js").Now} now
 */
export function showSummary({ services: all, alerts }) {
  const bad = all.filter((s) => isBad(s.state));
  const quiet = all.filter((s) => s.state === "idle" || s.state === "noData");
  const firing = (alerts ?? []).filter((a) => a.state === "firing").length;
  put(byId("summary"), all.length === 0 ? "" : bad.length > 0 ? say("unhealthy", { jobs: names(bad) })
    : firing > 0 ? say("healthyButAlerts", { n: firing })
    : quiet.length > 0 ? say("nothingWrong", { jobs: names(quiet) }) : say("allHealthy"));
  const title = byId("title").textContent ?? "";
  const news = bad.length > 0 ? `${stateText(bad[0])}: ${visible(bad[0].job)}` : firing > 0 ? `${say("alerts")}: ${firing}` : "";
  document.title = news ? `${news} · ${title}` : title;
}

/** names are the first ten services and their states. */
function names(/** @type {import("./model.js").Service[]} */ of) {
  return of.slice(0, 10).map((s) => say("jobIs", { job: visible(s.job), state: stateText(s) })).join(", ") + (of.length > 10 ? ", …" : "");
}
