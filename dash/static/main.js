// The page: query, cache the results, show them. Read from the top.

import { Problem, prometheus } from "./api.js";
import { controls } from "./controls.js";
import { cache } from "./cache.js";
import { byId, make, put } from "./dom.js";
import { age, time, useLanguage, useZone, visible } from "./format.js";
import { showAlerts, showDown } from "./lists.js";
import { interval, live } from "./live.js";
import { speak } from "./language.js";
import { say } from "./messages.js";
import { activeAlerts, downTargets, hasRequests, isBad, markRatesMissing, services } from "./model.js";
import { gridAt, settingOf } from "./now.js";
import { joined, parts, sources } from "./queries.js";
import { servicesScreen } from "./services.js";
import { showSummary } from "./summary.js";
import { showEmpty } from "./empty.js";
import { formatView, isElsewhere, parseView } from "./view.js";

/** The job under which tacho's server scrapes itself; not one of the user's services. */
const self = "tacho";

/**
 * Parameters that select one recording rule, for its group's evaluation interval: the full
 * list can be long. An API without these parameters lists all rules.
 */
const oneRule = { "rule_group[]": "tacho-recording", "rule_name[]": "tacho:job_http_requests:rate" };

/** Rounds of queries in one update: the screens can query more once they have results. */
const maxPasses = 6;

/**
 * The last good snapshot, shown until there is a newer one.
 * @type {any}
 */
let snapshot = null;
/**
 * The problem of the newest response.
 * @type {Problem | null}
 */
let problem = null;
/** When the update in progress started, in milliseconds; 0 if there is none. */
let startedAt = 0;
/** The user canceled the query: no more queries until a retry. */
let stopped = false;
let view = parseView(location.hash);
/** @type {ReturnType<typeof prometheus> | null} */
let api = null;
/** @type {import("./now.js").Config | null} */
let config = null;
/** The rules' evaluation interval in seconds; the default if the API does not report it. */
let every = 15;
/** Cancels the update in progress. */
let abort = new AbortController();
const results = cache();

document.documentElement.lang = await speak(view.lang, navigator.languages);
useLanguage(document.documentElement.lang);
for (const element of document.querySelectorAll("[data-say]")) {
  put(element, say(/** @type {HTMLElement} */ (element).dataset.say ?? ""));
}
put(byId("summary"), say("loading"));
const head = controls(changeView);
/** The screens that are loaded on first use, by the page's name in a view. */
const loaders = /** @type {Record<string, () => Promise<(changeView: import("./now.js").ChangeView) => any>>} */ ({
  explore: async () => (await import("./later.js")).exploreScreen,
  alerts: async () => (await import("./later.js")).alertsScreen,
});
/** @type {Record<string, any>} */
const screens = {};
/**
 * The screens that are being loaded.
 * @type {Set<string>}
 */
const loading = new Set();
addScreen("", servicesScreen);
listen();
setInterval(showClock, 1000);
live(async () => {
  if (!startedAt && !stopped) await refresh(true);
  return snapshot !== null && !problem && !hasRequests(snapshot.samples);
});

/**
 * refresh fetches a new snapshot, or keeps the current one, and then runs the screens'
 * queries. A newer refresh cancels an older one.
 */
async function refresh(/** @type {boolean} */ newSnapshot) {
  abort.abort();
  abort = new AbortController();
  const { signal } = abort;
  startedAt = Date.now();
  try {
    if (!api) await configure();
    if (newSnapshot || !snapshot) snapshot = await fetchSnapshot(signal);
    problem = null;
    await fill(signal);
  } catch (error) {
    if (signal !== abort.signal) return;
    problem = error instanceof Problem ? error : new Problem("gone", String(error), "");
    if (!(error instanceof Problem)) console.error(error);
  }
  if (signal !== abort.signal) return;
  startedAt = 0;
  show();
}

/** configure reads the handler's options. */
async function configure() {
  const response = await fetch("config.json").catch(() => null);
  if (!response?.ok) throw new Problem("gone", "", "config.json");
  config = /** @type {import("./now.js").Config} */ (await response.json());
  put(byId("title"), config.title);
  put(byId("hint"), config.hint);
  byId("hint").hidden = !config.hint;
  const address = (/** @type {string} */ path) => (path ? new URL(path, document.baseURI).href : "");
  const found = prometheus(address(config.apiPath), address(config.batchPath));
  api = found;
  void found.list("recording", oneRule).catch(() => []).then((groups) => {
    every = groups.find((/** @type {any} */ g) => g.name === "tacho-recording")?.interval || every;
  });
}

/** fetchSnapshot fetches what every screen needs. */
async function fetchSnapshot(/** @type {AbortSignal} */ signal) {
  const from = /** @type {ReturnType<typeof prometheus>} */ (api);
  const fixedAt = "last" in view.span ? undefined : view.span.to;
  const alerts = optional(from.list("alerts", {}, signal));
  const same = snapshot && fixedAt !== undefined && snapshot.fixedAt === fixedAt;
  const { source, samples, warnings } = same ? snapshot : await firstWithRequests(from, fixedAt, signal);
  const at = fixedAt ?? (samples.length ? Number(samples[0].value[0]) : Date.now() / 1000);
  const all = services(samples);
  const trouble = all.every((s) => s.routes.length === 0) || samples.some((/** @type {any} */ s) => s.metric.part === "down");
  // The list of targets can be long: fetched only when it explains something.
  const targets = trouble || view.page === "alerts" ? await optional(from.list("targets", {}, signal)) : [];
  const listed = await alerts;
  markRatesMissing(all, listed ?? []);
  return { read: new Date(), at, fixedAt, source, warnings, samples, services: all, targets, alerts: listed };
}

/** isShown: the server itself is shown only if it is unhealthy, or selected. */
const isShown = (/** @type {import("./model.js").Service} */ s) => s.job !== self || view.open === self || (s.routes.length > 0 && isBad(s.state));

async function firstWithRequests(/** @type {ReturnType<typeof prometheus>} */ from, /** @type {number | undefined} */ at, /** @type {AbortSignal} */ signal) {
  for (const source of sources) {
    const answer = await from.query(joined(source), at, signal);
    if (hasRequests(answer.samples) || source === sources.at(-1)) return { source, ...answer };
  }
  throw new Error("no source");
}

/** optional is null for an API that does not list targets or alerts. */
async function optional(/** @type {Promise<any[]>} */ answer) {
  return answer.catch(() => null);
}

/** fill runs the screens' queries until none is missing. */
async function fill(/** @type {AbortSignal} */ signal) {
  results.retry();
  for (let pass = 0; pass < maxPasses; pass++) {
    results.begin();
    show();
    const missing = results.missing();
    if (missing.length === 0) break;
    const found = await /** @type {ReturnType<typeof prometheus>} */ (api).many(missing, signal);
    missing.forEach((query, i) => results.put(query, found[i]));
  }
  results.evict();
}

function show() {
  showClock();
  showProblem();
  if (!snapshot) return;
  const { at, source, services: all, alerts, targets } = snapshot;
  const { edges, step } = gridAt(view, at, every);
  const active = activeAlerts(alerts ?? []);
  /** @type {import("./now.js").Now} */
  const now = {
    view, at, edges, step, every, source, services: all.filter(isShown), alerts: alerts && active, targets,
    config: /** @type {import("./now.js").Config} */ (config), query: results.get, refresh: () => void refresh(false),
  };
  head.update(now);
  const down = downTargets(snapshot.samples, targets);
  const elsewhere = view.page !== "";
  showAlerts(elsewhere ? [] : active);
  showDown(elsewhere ? [] : down, settingOf(now.config));
  showEmpty(now);
  showSummary(now);
  showScreen(now);
  showSource(now, down.length > 0);
}

/** showScreen shows the view's screen, and hides the others. */
function showScreen(/** @type {import("./now.js").Now} */ now) {
  const { page } = now.view;
  for (const [name, screen] of Object.entries(screens)) screen.element.hidden = name !== page;
  if (screens[page]) screens[page].update(now);
  else if (!loading.has(page)) void fetchScreen(page);
}

/** fetchScreen loads a screen and shows it. If that fails, the next update tries again. */
async function fetchScreen(/** @type {string} */ page) {
  loading.add(page);
  try {
    addScreen(page, await loaders[page]());
    void refresh(false);
  } catch {
    problem = new Problem("gone", "", "");
  }
  loading.delete(page);
}

function addScreen(/** @type {string} */ page, /** @type {(changeView: import("./now.js").ChangeView) => any} */ make) {
  screens[page] = make(changeView);
  byId("screen").append(screens[page].element);
}

/** showClock shows when the snapshot was taken, and how long the update has been running. */
function showClock() {
  const now = new Date();
  if (snapshot) {
    const old = (now.getTime() - snapshot.read.getTime()) / 1000;
    const text = time(snapshot.read, now);
    put(byId("clock"), old > 3 * interval / 1000 ? `${text} ${say("ago", { age: age(old) })}` : text);
  }
  const waited = startedAt ? (now.getTime() - startedAt) / 1000 : 0;
  put(byId("waiting"), waited >= 2 ? say("waiting", { age: age(waited) }) : "");
  byId("cancel").hidden = waited < 3;
}

function showProblem() {
  const box = byId("problem");
  box.hidden = !problem;
  if (!problem) return put(box, "");
  const kept = snapshot ? say("kept", { time: time(snapshot.read, new Date()) }) : "";
  const text = [problem.text(), say(`${problem.kind}How`), kept].filter(Boolean).join(" ");
  if (box.firstChild?.textContent !== text) {
    box.replaceChildren(text);
    if (stopped) {
      const again = make("button", { type: "button" }, say("retry"));
      again.addEventListener("click", () => { stopped = false; void refresh(true); });
      box.append(" ", again);
    }
  }
  if (!snapshot) put(byId("summary"), "");
}

/** showSource shows where the numbers come from, for anyone who wants to check them. */
function showSource(/** @type {import("./now.js").Now} */ { source, alerts, targets }, /** @type {boolean} */ anyDown) {
  const any = hasRequests(snapshot.samples);
  put(byId("source"), !any ? "" : source.name === "recorded" ? say("fromRecorded") : say("fromRaw", { window: source.window }));
  const notes = snapshot.warnings.slice(0, 3).map((/** @type {string} */ text) => say("warning", { text: visible(text) }));
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

/** listen follows the user's choices; the URL stores them. */
function listen() {
  const follow = () => showView(parseView(location.hash));
  window.addEventListener("hashchange", follow);
  window.addEventListener("popstate", follow);
  byId("cancel").addEventListener("click", () => { stopped = true; abort.abort(); });
  applyTheme(view);
}

/** @type {import("./now.js").ChangeView} */
function changeView(change) {
  const before = view;
  const next = change(view);
  const address = formatView(next) || location.pathname + location.search;
  history[isElsewhere(next, before) ? "pushState" : "replaceState"](null, "", address);
  showView(next);
}

/** showView shows another view. */
function showView(/** @type {import("./view.js").View} */ next) {
  const before = view;
  if (formatView(next) === formatView(before)) return;
  view = next;
  // A language change reloads the page: its texts are in one language.
  if (view.lang !== before.lang) return location.reload();
  applyTheme(view);
  stopped = false;
  if (snapshot) void refresh(JSON.stringify(view.span) !== JSON.stringify(before.span) || view.page !== before.page);
}

/** applyTheme applies the theme and the time zone of a view. */
function applyTheme(/** @type {import("./view.js").View} */ { theme, zone }) {
  useZone(zone);
  const { dataset } = document.documentElement;
  if ((dataset.theme ?? "") === theme) return;
  if (theme) dataset.theme = theme;
  else delete dataset.theme;
  window.dispatchEvent(new Event("themechange"));
}
