// The page: ask, keep the answer, show it. Read from the top.

import { Problem, prometheus } from "./api.js";
import { controls } from "./controls.js";
import { desk } from "./desk.js";
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

/** The job under which tacho's server scrapes itself: no service of the reader's. */
const self = "tacho";

/**
 * Of the rules that record, the one whose group says how often all of its rules are
 * evaluated: the whole list can be long. An API that does not know these parameters lists
 * all.
 */
const oneRule = { "rule_group[]": "tacho-recording", "rule_name[]": "tacho:job_http_requests:rate" };

/** How often the screens may ask on, with what they have learnt. */
const mostPasses = 6;

/**
 * The last answer, kept while there is no better one.
 * @type {any}
 */
let picture = null;
/**
 * What is wrong with the newest answer.
 * @type {Problem | null}
 */
let problem = null;
/** When the question that is still open was asked, in milliseconds. */
let asked = 0;
/** The person has called the question off: nothing is asked until he wants it. */
let stopped = false;
let view = parseView(location.hash);
/** @type {ReturnType<typeof prometheus> | null} */
let api = null;
/** @type {import("./now.js").Config | null} */
let config = null;
/** Seconds between two evaluations of the rules; the usual ones where the API does not say. */
let every = 15;
/** Calls the look off that is under way. */
let abort = new AbortController();
const answers = desk();

document.documentElement.lang = await speak(view.lang, navigator.languages);
useLanguage(document.documentElement.lang);
for (const element of document.querySelectorAll("[data-say]")) {
  put(element, say(/** @type {HTMLElement} */ (element).dataset.say ?? ""));
}
put(byId("summary"), say("loading"));
const head = controls(changeView);
/** The screens that are fetched when one first goes there, by the page's name in a view. */
const makers = /** @type {Record<string, () => Promise<(changeView: import("./now.js").ChangeView) => any>>} */ ({
  explore: async () => (await import("./later.js")).exploreScreen,
  alerts: async () => (await import("./later.js")).alertsScreen,
});
/** @type {Record<string, any>} */
const screens = {};
/**
 * The screens that are being fetched.
 * @type {Set<string>}
 */
const coming = new Set();
addScreen("", servicesScreen);
listen();
setInterval(showClock, 1000);
live(async () => {
  if (!asked && !stopped) await look(true);
  return picture !== null && !problem && !hasRequests(picture.samples);
});

/**
 * look asks for the newest picture, or takes the one that is there, and for what the
 * screens want to know with it. A newer look calls an older one off.
 */
async function look(/** @type {boolean} */ anew) {
  abort.abort();
  abort = new AbortController();
  const { signal } = abort;
  asked = Date.now();
  try {
    if (!api) await configure();
    if (anew || !picture) picture = await take(signal);
    problem = null;
    await fill(signal);
  } catch (error) {
    if (signal !== abort.signal) return;
    problem = error instanceof Problem ? error : new Problem("gone", String(error), "");
    if (!(error instanceof Problem)) console.error(error);
  }
  if (signal !== abort.signal) return;
  asked = 0;
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

/** take collects what is asked in every round, whatever the screen. */
async function take(/** @type {AbortSignal} */ signal) {
  const from = /** @type {ReturnType<typeof prometheus>} */ (api);
  const standing = "last" in view.span ? undefined : view.span.to;
  const alerts = optional(from.list("alerts", {}, signal));
  const same = picture && standing !== undefined && picture.standing === standing;
  const { source, samples, warnings } = same ? picture : await firstWithRequests(from, standing, signal);
  const at = standing ?? (samples.length ? Number(samples[0].value[0]) : Date.now() / 1000);
  const all = services(samples);
  const trouble = all.every((s) => s.routes.length === 0) || samples.some((/** @type {any} */ s) => s.metric.part === "down");
  // The list of targets can be long: asked for only when it explains something.
  const targets = trouble || view.page === "alerts" ? await optional(from.list("targets", {}, signal)) : [];
  const listed = await alerts;
  markRatesMissing(all, listed ?? []);
  return { read: new Date(), at, standing, source, warnings, samples, services: all, targets, alerts: listed };
}

/** A service is the reader's own unless it is the server. That one is shown when it is not well, or where one asks for it. */
const own = (/** @type {import("./model.js").Service} */ s) => s.job !== self || view.open === self || (s.routes.length > 0 && isBad(s.state));

async function firstWithRequests(/** @type {ReturnType<typeof prometheus>} */ from, /** @type {number | undefined} */ at, /** @type {AbortSignal} */ signal) {
  for (const source of sources) {
    const answer = await from.query(joined(source), at, signal);
    if (hasRequests(answer.samples) || source === sources.at(-1)) return { source, ...answer };
  }
  throw new Error("no source");
}

/** Not every API that speaks PromQL lists targets and alerts: null then. */
async function optional(/** @type {Promise<any[]>} */ answer) {
  return answer.catch(() => null);
}

/** fill asks for what the screens want, until they want no more. */
async function fill(/** @type {AbortSignal} */ signal) {
  answers.retry();
  for (let pass = 0; pass < mostPasses; pass++) {
    answers.begin();
    show();
    const missing = answers.missing();
    if (missing.length === 0) break;
    const found = await /** @type {ReturnType<typeof prometheus>} */ (api).many(missing, signal);
    missing.forEach((question, i) => answers.put(question, found[i]));
  }
  answers.forget();
}

function show() {
  showClock();
  showProblem();
  if (!picture) return;
  const { at, source, services: all, alerts, targets } = picture;
  const { edges, step } = gridAt(view, at, every);
  const active = activeAlerts(alerts ?? []);
  /** @type {import("./now.js").Now} */
  const now = {
    view, at, edges, step, every, source, services: all.filter(own), alerts: alerts && active, targets,
    config: /** @type {import("./now.js").Config} */ (config), ask: answers.get, refresh: () => void look(false),
  };
  head.update(now);
  const down = downTargets(picture.samples, targets);
  const elsewhere = view.page !== "";
  showAlerts(elsewhere ? [] : active);
  showDown(elsewhere ? [] : down, settingOf(now.config));
  showEmpty(now);
  showSummary(now);
  showScreen(now);
  showSource(now, down.length > 0);
}

/** showScreen shows the one that the view wants, and keeps the others out of sight. */
function showScreen(/** @type {import("./now.js").Now} */ now) {
  const { page } = now.view;
  for (const [name, screen] of Object.entries(screens)) screen.element.hidden = name !== page;
  if (screens[page]) screens[page].update(now);
  else if (!coming.has(page)) void fetchScreen(page);
}

/** fetchScreen brings a screen and shows it. One that does not come is asked for in the next round again. */
async function fetchScreen(/** @type {string} */ page) {
  coming.add(page);
  try {
    addScreen(page, await makers[page]());
    void look(false);
  } catch {
    problem = new Problem("gone", "", "");
  }
  coming.delete(page);
}

function addScreen(/** @type {string} */ page, /** @type {(changeView: import("./now.js").ChangeView) => any} */ make) {
  screens[page] = make(changeView);
  byId("screen").append(screens[page].element);
}

/** showClock says how old the picture is, and for how long we have been waiting. */
function showClock() {
  const now = new Date();
  if (picture) {
    const old = (now.getTime() - picture.read.getTime()) / 1000;
    const text = time(picture.read, now);
    put(byId("clock"), old > 3 * interval / 1000 ? `${text} ${say("ago", { age: age(old) })}` : text);
  }
  const waited = asked ? (now.getTime() - asked) / 1000 : 0;
  put(byId("waiting"), waited >= 2 ? say("waiting", { age: age(waited) }) : "");
  byId("cancel").hidden = waited < 3;
}

function showProblem() {
  const box = byId("problem");
  box.hidden = !problem;
  if (!problem) return put(box, "");
  const kept = picture ? say("kept", { time: time(picture.read, new Date()) }) : "";
  const text = [problem.text(), say(`${problem.kind}How`), kept].filter(Boolean).join(" ");
  if (box.firstChild?.textContent !== text) {
    box.replaceChildren(text);
    if (stopped) {
      const again = make("button", { type: "button" }, say("retry"));
      again.addEventListener("click", () => { stopped = false; void look(true); });
      box.append(" ", again);
    }
  }
  if (!picture) put(byId("summary"), "");
}

/** showSource says where the numbers come from, to whom wants to check them. */
function showSource(/** @type {import("./now.js").Now} */ { source, alerts, targets }, /** @type {boolean} */ anyDown) {
  const any = hasRequests(picture.samples);
  put(byId("source"), !any ? "" : source.name === "recorded" ? say("fromRecorded") : say("fromRaw", { window: source.window }));
  const notes = picture.warnings.slice(0, 3).map((/** @type {string} */ text) => say("warning", { text: visible(text) }));
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
  const follow = () => turn(parseView(location.hash));
  window.addEventListener("hashchange", follow);
  window.addEventListener("popstate", follow);
  byId("cancel").addEventListener("click", () => { stopped = true; abort.abort(); });
  wear(view);
}

/** @type {import("./now.js").ChangeView} */
function changeView(change) {
  const before = view;
  const next = change(view);
  const address = formatView(next) || location.pathname + location.search;
  history[isElsewhere(next, before) ? "pushState" : "replaceState"](null, "", address);
  turn(next);
}

/** turn shows another view. */
function turn(/** @type {import("./view.js").View} */ next) {
  const before = view;
  if (formatView(next) === formatView(before)) return;
  view = next;
  // Another language is another page: what is there says everything in one.
  if (view.lang !== before.lang) return location.reload();
  wear(view);
  stopped = false;
  if (picture) void look(JSON.stringify(view.span) !== JSON.stringify(before.span) || view.page !== before.page);
}

/** wear puts on the theme and the time zone of a view. */
function wear(/** @type {import("./view.js").View} */ { theme, zone }) {
  useZone(zone);
  const { dataset } = document.documentElement;
  if ((dataset.theme ?? "") === theme) return;
  if (theme) dataset.theme = theme;
  else delete dataset.theme;
  window.dispatchEvent(new Event("themechange"));
}
