// The page: ask, keep the answer, show it. Read from the top.

import { Problem, prometheus } from "./api.js";
import { byId, list, make, put } from "./dom.js";
import { exploreView } from "./exploreview.js";
import { age, time, useLanguage, visible } from "./format.js";
import { showAlerts, showDown } from "./lists.js";
import { interval, live } from "./live.js";
import { choose, other, say } from "./messages.js";
import { activeAlerts, downTargets, hasRequests, services } from "./model.js";
import { joined, parts, sources } from "./queries.js";
import { formatView, hasMatch, parseView } from "./rows.js";
import { serviceView, stateText } from "./service.js";

/** The job under which tacho's server scrapes itself: no service of the reader's. */
const self = "tacho";

/** The last answer, kept while there is no better one. @type {any} */
let picture = null;
/** What is wrong with the newest answer. @type {Problem | null} */
let problem = null;
/** When the question that is still open was asked, in milliseconds. */
let asked = 0;
let view = parseView(location.hash);
/** @type {ReturnType<typeof prometheus> | null} */
let api = null;
/** Seconds between two evaluations of the rules; the usual ones where the API does not say. */
let every = 15;
/** Where traces are shown, with {trace_id} in it. */
let traceURL = "";

document.documentElement.lang = choose(view.lang, navigator.languages);
useLanguage(document.documentElement.lang);
for (const element of document.querySelectorAll("[data-say]")) {
  put(element, say(/** @type {HTMLElement} */ (element).dataset.say ?? ""));
}
put(byId("summary"), say("loading"));
const explore = exploreView(changeView);
listen();
setInterval(showClock, 1000);
live(round);

/** round asks once and shows the answer, or what is wrong with it. */
async function round() {
  asked = Date.now();
  try {
    if (!api) {
      api = await configure();
      every = (await api.evaluation().catch(() => NaN)) || every;
    }
    picture = await ask(api);
    problem = null;
  } catch (error) {
    problem = error instanceof Problem ? error : new Problem("gone", String(error), "");
    if (!(error instanceof Problem)) console.error(error);
  }
  asked = 0;
  show();
}

/** configure reads the handler's options. */
async function configure() {
  const response = await fetch("config.json").catch(() => null);
  if (!response?.ok) throw new Problem("gone", "", "config.json");
  const config = await response.json();
  put(byId("title"), config.title);
  put(byId("hint"), config.hint);
  byId("hint").hidden = !config.hint;
  traceURL = config.traceURL;
  return prometheus(new URL(config.apiPath, document.baseURI).href);
}

/** ask collects all that the page shows. */
async function ask(/** @type {ReturnType<typeof prometheus>} */ from) {
  const { source, samples, warnings } = await firstWithRequests(from);
  const all = services(samples);
  const trouble = all.every((s) => s.routes.length === 0) || samples.some((/** @type {any} */ s) => s.metric.part === "down");
  // The list of targets can be long: asked for only when it explains something.
  const targets = trouble ? await optional(from.targets()) : [];
  const alerts = await optional(from.alerts());
  return { at: new Date(), source, warnings, samples, services: all, targets, alerts };
}

async function firstWithRequests(/** @type {ReturnType<typeof prometheus>} */ from) {
  for (const source of sources) {
    const answer = await from.query(joined(source));
    if (hasRequests(answer.samples) || source === sources.at(-1)) return { source, ...answer };
  }
  throw new Error("no source");
}

/** Not every API that speaks PromQL lists targets and alerts: null then. */
async function optional(/** @type {Promise<any[]>} */ answer) {
  return answer.catch(() => null);
}

function show() {
  showClock();
  showProblem();
  if (!picture) return;
  const down = downTargets(picture.samples, picture.targets);
  showAlerts(activeAlerts(picture.alerts ?? []));
  showDown(down);
  showEmpty();
  showServices();
  showSummary();
  showSource(down.length > 0);
}

/** showClock says how old the picture is, and for how long we have been waiting. */
function showClock() {
  const now = new Date();
  if (picture) {
    const old = (now.getTime() - picture.at.getTime()) / 1000;
    const text = time(picture.at, now);
    put(byId("clock"), old > 3 * interval / 1000 ? `${text} ${say("ago", { age: age(old) })}` : text);
  }
  const waited = asked ? (now.getTime() - asked) / 1000 : 0;
  put(byId("waiting"), waited >= 2 ? say("waiting", { age: age(waited) }) : "");
}

function showProblem() {
  const box = byId("problem");
  box.hidden = !problem;
  if (!problem) return put(box, "");
  const kept = picture ? say("kept", { time: time(picture.at, new Date()) }) : "";
  put(box, [problem.text(), say(`${problem.kind}How`), kept].filter(Boolean).join(" "));
  if (!picture) put(byId("summary"), "");
}

/** A service is the reader's own unless it is the server, silent about requests. */
const own = (/** @type {any} */ s) => s.job !== self || s.routes.length > 0;

/** showEmpty says what to do while there is nothing to see. */
function showEmpty() {
  const box = byId("empty");
  const waiting = (picture.targets ?? []).filter((/** @type {any} */ t) => t.health === "unknown");
  const kind = picture.services.some(own) ? "" : waiting.length > 0 ? "waiting" : picture.targets ? "noTarget" : "empty";
  box.hidden = !kind;
  if (box.dataset.kind === kind) return;
  box.dataset.kind = kind;
  box.replaceChildren(...(kind ? empty[kind](waiting) : []));
}

const command = (/** @type {string} */ text) => make("pre", {}, make("code", {}, text));

const empty = /** @type {Record<string, (waiting: any[]) => Node[]>} */ ({
  noTarget: () => [
    make("h2", {}, say("noTarget")), make("p", {}, say("noTargetText")), command("tacho serve localhost:8080"),
    make("p", {}, say("noTargetDemo")), command("tacho demo"),
  ],
  waiting: (waiting) => [
    make("h2", {}, say("waitingTitle")), make("p", {}, say("waitingText")),
    make("ul", {}, ...waiting.slice(0, 20).map((t) => make("li", {}, visible(t.scrapeUrl ?? "")))),
  ],
  empty: () => [make("h2", {}, say("emptyTitle")), make("p", {}, say("emptyText"))],
});

function showServices() {
  const all = picture.services.filter(own);
  const chosen = all.filter((/** @type {any} */ s) => hasMatch(s, view));
  byId("tools").hidden = all.every((/** @type {any} */ s) => s.routes.length === 0);
  put(byId("filtered"), chosen.length < all.length ? say("filtered", { n: chosen.length, all: all.length }) : "");
  const shared = { view, api, source: picture.source, every, traceURL };
  /** @type {({key: string} & import("./service.js").Shown)[]} */
  const items = chosen.map((/** @type {any} */ service, /** @type {number} */ i) => ({ key: service.key, service, first: i === 0, ...shared }));
  list(byId("services"), items, () => serviceView(changeView));
  explore.update({ api, view, every });
}

/** showSummary answers the first question in a sentence, and in the window's title. */
function showSummary() {
  const all = picture.services.filter(own);
  const bad = all.filter((/** @type {any} */ s) => !["well", "idle", "noData"].includes(s.state));
  const quiet = all.filter((/** @type {any} */ s) => s.state === "idle" || s.state === "noData");
  const names = (/** @type {any[]} */ of) =>
    of.slice(0, 10).map((s) => say("jobIs", { job: visible(s.job), state: stateText(s) })).join(", ") + (of.length > 10 ? ", …" : "");
  const title = byId("title").textContent ?? "";
  const firing = (picture.alerts ?? []).filter((/** @type {any} */ a) => a.state === "firing").length;
  put(byId("summary"), all.length === 0 ? "" : bad.length > 0 ? say("notWell", { jobs: names(bad) })
    : firing > 0 ? say("wellButAlerts", { n: firing })
    : quiet.length > 0 ? say("nothingWrong", { jobs: names(quiet) }) : say("allWell"));
  const news = bad.length > 0 ? `${stateText(bad[0])}: ${visible(bad[0].job)}` : firing > 0 ? `${say("alerts")}: ${firing}` : "";
  document.title = news ? `${news} · ${title}` : title;
}

/** showSource says where the numbers come from, to whom wants to check them. */
function showSource(/** @type {boolean} */ anyDown) {
  const { source, warnings, alerts, targets } = picture;
  const any = hasRequests(picture.samples);
  put(byId("source"), !any ? "" : source.name === "recorded" ? say("fromRecorded") : say("fromRaw", { window: source.window }));
  const notes = warnings.slice(0, 3).map((/** @type {string} */ text) => say("warning", { text: visible(text) }));
  if (!alerts) notes.push(say("noAlertsAPI"));
  if (!targets && anyDown) notes.push(say("noTargetsAPI"));
  byId("notes").hidden = notes.length === 0;
  put(byId("notes"), notes.join(" "));
  showQueries(any ? source : null);
}

function showQueries(/** @type {import("./queries.js").Source | null} */ source) {
  const box = byId("queries");
  const key = source ? source.name + source.window : "";
  box.hidden = !source;
  if (box.dataset.key === key || !source) return;
  box.dataset.key = key;
  byId("query-list").replaceChildren(...parts(source).flatMap(([name, expr]) =>
    [make("dt", {}, queryName(name)), make("dd", {}, make("code", {}, expr))]));
}

function queryName(/** @type {string} */ part) {
  if (part.endsWith("Of")) return say("ofService", { name: say(part.slice(0, -2)) });
  return part.startsWith("p") ? say(part) : say(`query${part[0].toUpperCase()}${part.slice(1)}`);
}

/** listen follows what the person chooses; the URL keeps it. */
function listen() {
  const filter = /** @type {HTMLInputElement} */ (byId("filter"));
  filter.value = view.filter;
  filter.addEventListener("input", () => changeView((now) => ({ ...now, filter: filter.value })));
  // Another language is another page: what is there says everything in one.
  byId("language").addEventListener("click", () => {
    changeView((now) => ({ ...now, lang: other() }));
    location.reload();
  });
  const follow = () => {
    const { lang } = view;
    view = parseView(location.hash);
    if (view.lang !== lang) return location.reload();
    filter.value = view.filter;
    if (picture) showServices();
  };
  window.addEventListener("hashchange", follow);
  window.addEventListener("popstate", follow);
}

/** @param {(view: import("./rows.js").View) => import("./rows.js").View} change */
function changeView(change) {
  const before = view;
  view = change(view);
  const address = formatView(view) || location.pathname + location.search;
  // What one has gone to can be left by going back; a filter is no place.
  const elsewhere = ["open", "route", "span", "expr"].some((name) => JSON.stringify(/** @type {any} */ (view)[name]) !== JSON.stringify(/** @type {any} */ (before)[name]));
  history[elsewhere ? "pushState" : "replaceState"](null, "", address);
  if (picture) showServices();
}
