// Events of a service, as marks on its charts: new versions, restarts and notes. Pure
// except for drawing.

import { color } from "./colors.js";
import { shorten, time, visible } from "./format.js";
import { say } from "./messages.js";
import { quote, selector } from "./queries.js";
import { secondsAt } from "./verdict.js";

/**
 * A Mark is an event and its time.
 * @typedef {{key: string, at: number, kind: "deploy" | "restart" | "note" | "alert", text: string}} Mark
 */

/** More marks than this hide the lines below them. */
const most = 50;

/**
 * versionsOver is the query for the versions of a service's processes.
 * @param {string} job
 */
export const versionsOver = (job) => `group by (__name__, version, revision) ({__name__=~".+_build_info|.+_exporter_info",job=${quote(job)}})`;

/** startedBy is when the oldest process of each version started; 0 if a process does not say. */
function startedBy(/** @type {string} */ names) {
  const versions = `group by (job, instance, version) ({${names},version!~"|unknown|.devel."})`;
  return `min by (job, version) (${versions} * on (job, instance) group_left () max by (job, instance) (process_start_time_seconds) or ${versions} * 0)`;
}

/**
 * versionsNow is the query for the versions of all services, and since when they run. The version that Go writes
 * into a program counts for services without one of their own.
 */
export const versionsNow = `${startedBy('__name__=~".+_build_info|.+_exporter_info",__name__!="go_build_info"')} or on (job) ${startedBy('__name__="go_build_info"')}`;

/**
 * newestOf is the version that came last, and since when it runs: 0 if that is unknown.
 * @param {import("./model.js").Sample[]} samples of versionsNow
 * @param {(job: string) => boolean} of
 */
export function newestOf(samples, of) {
  const all = samples.filter((s) => of(s.metric.job ?? "") && s.metric.version).map((s) => ({ text: s.metric.version, at: Number(s.value[1]) || 0 }));
  return all.sort((a, b) => b.at - a.at)[0];
}

/**
 * startsOver is the query for the start times of a service's processes.
 * @param {string} job
 */
export const startsOver = (job) => `count_values("started", max by (instance) (process_start_time_seconds${selector([["job", "=", job]])}))`;

/**
 * notesOver is the query for the notes on a service, or on all: a sample's value is the
 * time of the event.
 * @param {string} job
 * @param {number} seconds
 */
export const notesOver = (job, seconds) => `tacho_annotation{job=~${quote(`${literal(job)}|`)}}[${Math.round(seconds)}s]`;

/** literal is a regular expression that matches a text and nothing else. */
export const literal = (/** @type {string} */ text) => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");

/**
 * marksOf reads the results.
 * @param {import("./api.js").Range} versions
 * @param {import("./api.js").Range} starts
 * @param {import("./model.js").Sample[]} notes
 * @param {{from: number, to: number}} edges
 * @returns {Mark[]} the newest last
 */
export function marksOf(versions, starts, notes, { from, to }) {
  const inside = (/** @type {number} */ at) => at > from && at <= to + 60;
  const restarts = starts.series.map((s) => Number(s.metric.started)).filter(inside);
  const deploys = newVersions(versions).filter(({ at }) => inside(at))
    // A version appears at its first scrape; its process started earlier.
    .map(({ at, text }) => ({ at: restarts.findLast((r) => r <= at && at - r < 2 * versions.step + 60) ?? at, text }));
  const plain = restarts.filter((at) => !deploys.some((d) => Math.abs(d.at - at) < 1));
  const all = [
    ...deploys.map(({ at, text }) => mark("deploy", at, text)), ...grouped(plain).map(({ at, n }) => mark("restart", at, n > 1 ? String(n) : "")),
    ...notes.map((s) => ({ at: Number(s.value[1]), text: s.metric.text ?? "" })).filter(({ at }) => inside(at)).map(({ at, text }) => mark("note", at, text)),
  ];
  return [...new Map(all.map((m) => [m.key, m])).values()].sort((a, b) => a.at - b.at).slice(-most);
}

/**
 * withJudged adds the deployments that a verdict names and the marks lack: over a long range the newest are
 * between the last two points of a query's grid.
 * @param {Mark[]} marks
 * @param {import("./verdict.js").Finding[]} findings
 * @param {number} step seconds between two points
 * @returns {Mark[]} the newest last
 */
export function withJudged(marks, findings, step) {
  const found = [...marks];
  for (const { after } of findings) {
    if (after?.kind !== "deployment") continue;
    const [at, text] = [secondsAt(after.at), after.version ?? ""];
    if (!found.some((m) => m.kind === "deploy" && m.text === text && Math.abs(m.at - at) < 2 * step + 60)) found.push(mark("deploy", at, text));
  }
  return found.sort((a, b) => a.at - b.at);
}

const mark = (/** @type {Mark["kind"]} */ kind, /** @type {number} */ at, /** @type {string} */ text) => ({ key: JSON.stringify([kind, at, text]), kind, at, text });

/** newVersions are the versions that came while others were there, or had been. */
function newVersions(/** @type {import("./api.js").Range} */ { start, step, series }) {
  const firsts = series.map((s) => ({ name: s.metric.__name__ ?? "", text: s.metric.version || (s.metric.revision ?? "").slice(0, 12), i: s.values.findIndex((v) => v !== null) }));
  return firsts.filter((f) => f.i > 0 && firsts.some((other) => other.name === f.name && other.i >= 0 && other.i < f.i))
    .map(({ i, text }) => ({ at: start + i * step, text }));
}

/** grouped takes processes that began within five seconds as one restart. */
function grouped(/** @type {number[]} */ moments) {
  /** @type {{at: number, n: number}[]} */
  const groups = [];
  for (const at of [...moments].sort((a, b) => a - b)) {
    const last = groups.at(-1);
    if (last && at - last.at < 5) last.n++;
    else groups.push({ at, n: 1 });
  }
  return groups;
}

/**
 * markText is the text of a mark.
 * @param {Mark} m
 */
export function markText({ kind, at, text }) {
  const when = time(new Date(at * 1000), new Date());
  const what = shorten(visible(text), 200);
  if (kind === "deploy") return say("markDeploy", { time: when, text: what });
  if (kind === "note" || kind === "alert") return say("markNote", { time: when, text: what });
  return text ? say("markRestarts", { time: when, n: text }) : say("markRestart", { time: when });
}

/** Dashes, which tell marks apart without colors. */
const dashes = { deploy: [3, 3], restart: [2, 4], note: [8, 3], alert: [2, 2] };

/**
 * drawMarks draws a dashed line for each mark: a deployment's in its own color, with a gem at the top.
 * @param {UPlot} u
 * @param {Mark[]} marks
 */
export function drawMarks(u, marks) {
  const { ctx, bbox } = u;
  for (const { at, kind } of marks) {
    const x = Math.round(u.valToPos(at, "x", true));
    if (x >= bbox.left && x <= bbox.left + bbox.width) drawMark(ctx, kind, x, bbox.top, bbox.top + bbox.height, devicePixelRatio);
  }
}

/**
 * drawMark draws one mark, from top to bottom.
 * @param {CanvasRenderingContext2D} ctx
 * @param {Mark["kind"]} kind
 * @param {number} x
 * @param {number} top
 * @param {number} bottom
 * @param {number} scale pixels of the canvas per pixel of the page
 */
export function drawMark(ctx, kind, x, top, bottom, scale) {
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = color(kind === "deploy" ? "--deploy" : kind === "alert" ? "--bad-mark" : "--text-3");
  ctx.lineWidth = (kind === "deploy" ? 1.5 : 1) * scale;
  ctx.setLineDash(dashes[kind].map((d) => d * scale));
  ctx.beginPath();
  ctx.moveTo(x, top);
  ctx.lineTo(x, bottom);
  ctx.stroke();
  if (kind === "deploy") {
    const [w, h] = [5 * scale, 5.5 * scale];
    ctx.beginPath();
    ctx.moveTo(x, top - h - scale);
    ctx.lineTo(x + w, top - scale);
    ctx.lineTo(x, top + h - scale);
    ctx.lineTo(x - w, top - scale);
    ctx.fill();
  }
  ctx.restore();
}
