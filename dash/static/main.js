// The page: query, cache the results, show them. Read from the top.

import { Problem, prometheus } from "./api.js";
import { bar, paused, shifted } from "./bar.js";
import { cache } from "./cache.js";
import { attribute, byId, isVisible, make, put } from "./dom.js";
import { age, time, useLanguage, useZone, visible } from "./format.js";
import { listen as listenToKeys } from "./keys.js";
import { interval, live } from "./live.js";
import { speak } from "./language.js";
import { gap, say } from "./messages.js";
import { activeAlerts, downTargets, hasRequests, isBad, markRatesMissing, services, worstFirst } from "./model.js";
import { gridAt } from "./now.js";
import { joined, oldest, parts, sources } from "./queries.js";
import { firstSpan, fitting, useFirstSpan } from "./range.js";
import { numberOf } from "./sample.js";
import { servicesScreen } from "./services.js";
import { showEmpty } from "./empty.js";
import { guess, incidentOf, incidentSpan, judge, titleOf } from "./verdict.js";
import { formatView, isElsewhere, parseView, stillAddress } from "./view.js";

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
/**
 * What is shown.
 * @type {import("./now.js").Now | null}
 */
let shown = null;
/** The rules' evaluation interval in seconds; the default if the API does not report it. */
let every = 15;
/** There have been requests. */
let filled = false;
/** Cancels the update in progress. */
let abort = new AbortController();
const results = cache();

document.documentElement.lang = await speak(view.lang, navigator.languages);
useLanguage(document.documentElement.lang);
for (const element of document.querySelectorAll("[data-say]")) {
  put(element, say(/** @type {HTMLElement} */ (element).dataset.say ?? ""));
}
const later = () => import("./later.js");
const search = () => void later().then(({ showPalette }) => { if (shown) showPalette(shown, changeView, actions(), metricNames); });
const keys = () => void later().then(({ showKeys }) => showKeys());
const head = bar(changeView, { search, keys, cancel: () => { stopped = true; abort.abort(); } });
/** The screens that are loaded on first use, by the page's name in a view. */
const loaders = /** @type {Record<string, () => Promise<(changeView: import("./now.js").ChangeView) => any>>} */ ({
  explore: async () => (await later()).exploreScreen,
  alerts: async () => (await later()).alertsScreen,
  slos: async () => (await later()).slosScreen,
  targets: async () => (await later()).targetsScreen,
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
    // The first requests of a young server fill the screen anew.
    if (hasRequests(snapshot.samples) && !filled) filling(filled = true);
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
  if (config.span) useSpan(config.span);
  const address = (/** @type {string} */ path) => (path ? new URL(path, document.baseURI).href : "");
  const found = prometheus(address(config.apiPath), address(config.batchPath));
  api = found;
  void found.list("recording", oneRule).catch(() => []).then((groups) => {
    every = groups.find((/** @type {any} */ g) => g.name === "tacho-recording")?.interval || every;
  });
}

/** The range of an address that names none, for a server that has run for long; in seconds. */
const usualSpan = firstSpan();

/** useSpan sets the first range, and reads the address again if it names none. */
function useSpan(/** @type {number} */ last) {
  if ("last" in firstSpan() && /** @type {{last: number}} */ (firstSpan()).last === last) return;
  useFirstSpan(last);
  view = parseView(location.hash);
}

/** The server's data reach back further than the first range: there is nothing more to fit. */
let fitted = false;

/** fitSpan fits the first range to the data of a server that is young. */
async function fitSpan(/** @type {ReturnType<typeof prometheus>} */ from, /** @type {AbortSignal} */ signal) {
  if (fitted) return;
  const answer = await optional(from.query(oldest, undefined, signal));
  const most = config?.span || ("last" in usualSpan ? usualSpan.last : 900);
  const since = answer?.samples[0] ? Date.now() / 1000 - numberOf(answer.samples[0].value[1]) : Infinity;
  fitted = since >= most - 60;
  useSpan(fitting(fitted ? most : since, most));
}

/** fetchSnapshot fetches what every screen needs. */
async function fetchSnapshot(/** @type {AbortSignal} */ signal) {
  const from = /** @type {ReturnType<typeof prometheus>} */ (api);
  const fixedAt = "last" in view.span ? undefined : view.span.to;
  const alerts = optional(from.list("alerts", {}, signal));
  // The verdict is of now: a range that stands still is judged by the page's own limits.
  // The first response also lists what the engine behind the API lacks.
  const verdict = config?.verdictPath && (fixedAt === undefined || !config.source) ? optional(from.verdict(new URL(config.verdictPath, document.baseURI).href, signal)) : null;
  const fit = fixedAt === undefined ? fitSpan(from, signal) : null;
  const same = snapshot && fixedAt !== undefined && snapshot.fixedAt === fixedAt;
  const { source, samples, warnings } = same ? snapshot : await firstWithRequests(from, fixedAt, signal);
  const at = fixedAt ?? (samples.length ? Number(samples[0].value[0]) : Date.now() / 1000);
  const all = services(samples);
  await fit;
  const trouble = all.every((s) => s.routes.length === 0) || samples.some((/** @type {any} */ s) => s.metric.part === "down");
  // The list of targets can be long: fetched only when it explains something.
  const targets = trouble || ["alerts", "targets"].includes(view.page) ? await optional(from.list("targets", {}, signal)) : [];
  const listed = await alerts;
  markRatesMissing(all, listed ?? []);
  const judged = await verdict;
  if (judged && config) config.source = judged.source ?? {};
  judge(all, fixedAt === undefined ? judged : null);
  guess(all, activeAlerts(listed ?? []), downTargets(samples, targets));
  return { read: new Date(), at, fixedAt, source, warnings, samples, services: worstFirst(all), targets, alerts: listed };
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

/**
 * optional is null for an API that does not list targets or alerts.
 * @template T
 * @param {Promise<T>} answer
 * @returns {Promise<T | null>}
 */
async function optional(answer) {
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
  if (!loading.size && results.missing().length === 0 && !document.querySelector("#screen .lazy:empty:not([hidden], [hidden] *)")) filling(false);
}

/**
 * filling hides the parts of a screen that the parts above them would move: nothing that is visible moves
 * while a screen fills.
 */
const filling = (/** @type {boolean} */ on) => byId("screen").classList.toggle("filling", on);

function show() {
  showClock();
  showProblem();
  byId("loading").hidden = Boolean(snapshot || problem);
  byId("screen").hidden = !snapshot;
  if (!snapshot) return;
  const { at, source, services: all, alerts, targets } = snapshot;
  const { edges, step } = gridAt(view, at, every);
  const seen = all.filter(isShown);
  shown = {
    view, at, edges, step, every, source, services: seen, alerts: alerts && activeAlerts(alerts), targets, stale: ageOf() > 3 * interval / 1000,
    incident: incidentOf(seen, at), config: /** @type {import("./now.js").Config} */ (config), query: results.get, refresh: () => void refresh(false), more: () => { if (!startedAt) void refresh(false); },
  };
  head.update(shown);
  showEmpty(shown);
  showTitle(shown);
  showScreen(shown);
  showFoot(shown, downTargets(snapshot.samples, targets).length > 0);
  showClock();
}

/** showTitle shows the state in the window's title and its icon, for a tab in the background. */
function showTitle(/** @type {import("./now.js").Now} */ now) {
  const { title, icon } = titleOf(now.services, now.config.title);
  if (document.title !== title) document.title = title;
  attribute(byId("icon"), "href", icon);
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

/** ageOf is the age of the snapshot, in seconds. */
const ageOf = () => (snapshot ? (Date.now() - snapshot.read.getTime()) / 1000 : 0);

/** showClock shows when the snapshot was taken, and how long the update has been running. */
function showClock() {
  const waited = startedAt ? (Date.now() - startedAt) / 1000 : 0;
  const old = ageOf() > 5 * interval / 1000 && "last" in view.span ? ageOf() : 0;
  head.clock(snapshot ? time(snapshot.fixedAt === undefined ? snapshot.read : new Date(snapshot.fixedAt * 1000), new Date()) : "–", old, waited);
}

function showProblem() {
  const box = byId("problem");
  box.hidden = !problem;
  if (!problem) return put(box, "");
  const kept = snapshot ? say("kept", { time: time(snapshot.read, new Date()) }) : "";
  const text = [problem.text(), say(`${problem.kind}How`), kept].filter(Boolean).join(gap());
  if (box.firstChild?.textContent !== text) {
    box.replaceChildren(text);
    if (stopped) {
      const again = make("button", { type: "button" }, say("retry"));
      again.addEventListener("click", () => { stopped = false; void refresh(true); });
      box.append(" ", again);
    }
  }
}

/** showFoot shows where the numbers come from, for anyone who wants to check them. */
function showFoot(/** @type {import("./now.js").Now} */ { source, alerts, targets, config }, /** @type {boolean} */ anyDown) {
  const any = hasRequests(snapshot.samples);
  const notes = snapshot.warnings.slice(0, 3).map((/** @type {string} */ text) => say("apiWarning", { text: visible(text) }));
  if (!alerts) notes.push(say("noAlertsAPI"));
  if (!targets && anyDown) notes.push(say("noTargetsAPI"));
  if (config.source?.behind) notes.push(say("behind", { age: age(config.source.behind) }));
  const from = !any ? "" : source.name === "recorded" ? say("fromRecorded") : say("fromRaw", { window: source.window });
  const key = JSON.stringify([config.version, from, notes]);
  const foot = byId("foot");
  if (foot.dataset.key === key) return;
  foot.dataset.key = key;
  const about = make("button", { type: "button", class: "link" }, say("howComputed"));
  about.addEventListener("click", () => void later().then(({ showQueries }) => showQueries(parts(source))));
  foot.replaceChildren(...[config.version && visible(`tacho ${config.version}`), from, ...notes].filter(Boolean).map((text) => make("span", {}, text)), ...(any ? [about] : []));
}

/** actions are what the search and the keys do: a message, the keys, and the action. */
function actions() {
  const go = (/** @type {Partial<import("./view.js").View>} */ change) => () => changeView((v) => ({ ...v, ...change }));
  const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  return /** @type {[string, string, () => void][]} */ ([
    ["do_incident", "z", zoomToIncident], ["do_pause", say("key_space"), pause], ["do_copy", "y", copyAddress],
    ["do_alerts", "g a", go({ page: "alerts" })], ["do_targets", "g t", go({ page: "targets" })], ["do_explore", "g e", go({ page: "explore" })],
    [`do_${theme}`, "", go({ theme })], ["keys", "?", keys],
  ]);
}

const pause = () => changeView((v) => paused(v, shown?.at ?? Date.now() / 1000));

function zoomToIncident() {
  const span = shown && incidentSpan(shown);
  if (span) changeView((v) => ({ ...v, span }));
}

/** copyAddress copies the address of what is shown, with absolute times. */
function copyAddress() {
  void navigator.clipboard?.writeText(stillAddress(view, shown?.at ?? Date.now() / 1000)).catch(() => {});
}

/** metricNames are the names that the server has, for the search. */
async function metricNames() {
  return api ? api.list("metricNames", { limit: 5000 }) : [];
}

/** step moves the focus to another row of the screen. */
function step(/** @type {number} */ by) {
  const all = /** @type {HTMLElement[]} */ ([...byId("screen").querySelectorAll("[data-row]")].filter(isVisible));
  const at = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  all[Math.min(all.length - 1, Math.max(0, at + by))]?.focus();
}

/** listen follows the user's choices; the URL stores them. */
function listen() {
  const follow = () => showView(parseView(location.hash));
  window.addEventListener("hashchange", follow);
  window.addEventListener("popstate", follow);
  byId("skip").addEventListener("click", () => byId("main").focus());
  const go = (/** @type {Partial<import("./view.js").View>} */ change) => () => changeView((v) => ({ ...v, ...change }));
  const compares = ["", "before", "day", "week"];
  listenToKeys({
    key_service: () => head.open.services(), key_time: () => head.open.time(), key_pause: pause, key_incident: zoomToIncident, key_copy: copyAddress, key_keys: keys,
    key_filter: () => /** @type {HTMLElement[]} */ ([...byId("screen").querySelectorAll("[data-filter]")]).find(isVisible)?.focus(),
    key_earlier: () => changeView((v) => shifted(v, -1)), key_later: () => changeView((v) => shifted(v, 1)),
    key_compare: () => changeView((v) => ({ ...v, compare: compares[(compares.indexOf(v.compare) + 1) % compares.length] })),
    key_next: () => step(1), key_previous: () => step(-1),
    key_services: go({ page: "", open: "-", route: "", part: "" }), key_explore: go({ page: "explore" }), key_alerts: go({ page: "alerts" }), key_slos: go({ page: "slos" }), key_targets: go({ page: "targets" }),
  }, search);
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
  if (isElsewhere(view, before)) filling(true);
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
