// Where it is: the instances of a service, and what it depends on.

import { facts } from "./facts.js";
import { age, bytes, change, count, latency, nothing, rate, ratio, time, visible } from "./format.js";
import { say } from "./messages.js";
import { limits } from "./model.js";
import { ofInstances, outgoing, pools, rateBy } from "./names.js";
import { byPart, rangeOf, samplesOf } from "./now.js";
import { union } from "./queries.js";
import { instances } from "./where.js";

const number = (/** @type {string} */ label, hide = "") => ({ label, number: true, hide });

/** Columns of the instances. */
export const instanceHeads = [{ label: "instance" }, number("rateColumn"), number("errorRatio"), number("mean"), number("concurrency"), number("cpu"), number("memory"), number("upSince")];

/** namesOf are the metric names of a service. */
export const namesOf = (/** @type {import("./now.js").Now} */ now, /** @type {import("./model.js").Service} */ service) => now.config.schemas.find((s) => s.name === service.names) ?? { name: "" };

/** instancesCard are the instances of a service, those that differ first. */
export function instancesCard() {
  const table = facts("instances", [{ label: "instance" }, number("rateColumn"), number("errorRatio"), number("mean"), { label: "", hide: "hide-s" }, number("cpu", "hide-s"), number("memory", "hide-s")], 20, { stays: true });
  return {
    element: table.element,
    /**
     * @param {import("./now.js").Now} now
     * @param {import("./model.js").Service} service
     */
    update(now, service) {
      const names = namesOf(now, service);
      const subject = { job: service.job, schema: "" };
      const found = samplesOf(now, union(ofInstances(names, subject, now.source.window || "1m")));
      const means = curvesOf(now, names, subject);
      if (!found || !means) return;
      const all = instances(found);
      table.note(apartText(all));
      // One scale for all, so that their lines can be compared.
      const most = 1.2 * Math.max(1e-12, ...[...means.values()].flat().map((v) => v ?? 0));
      table.update(all.map((i) => ({ key: i.name, cells: summaryCells(i, now.at, { text: "", curve: means.get(i.name) ?? [], most }) })), [say("noInstances"), ""]);
    },
  };
}

/** curvesOf are the mean latencies of the instances over the range. */
function curvesOf(/** @type {import("./now.js").Now} */ now, /** @type {import("./names.js").Names} */ names, /** @type {import("./queries.js").Subject} */ subject) {
  const window = `${Math.max(now.step, 60)}s`;
  const [seconds, all] = [rateBy(names.duration, "_sum", ["instance"], subject, window), rateBy(names.duration, "_count", ["instance"], subject, window)];
  if (!seconds || !all) return new Map();
  const answer = rangeOf(now, `(${seconds}) / (${all})`);
  return answer && new Map((answer.value?.series ?? []).map((/** @type {import("./api.js").Series} */ s) => [s.metric.instance ?? "", s.values]));
}

/** apartText says which instance takes longer than the others. */
function apartText(/** @type {import("./where.js").Instance[]} */ all) {
  const slow = all.find((i) => i.differs.includes("mean"));
  const others = all.filter((i) => i !== slow && Number.isFinite(i.mean)).sort((a, b) => b.mean - a.mean);
  if (!slow || others.length === 0) return "";
  return say("takesTimes", { instance: visible(slow.name), times: change(slow.mean, others[0].mean).replace("×", ""), other: visible(others[0].name) });
}

/** marked is a number of an instance, marked with a tooltip if it differs. */
const marked = (/** @type {import("./where.js").Instance} */ i, /** @type {string} */ id, /** @type {string} */ text) => (i.differs.includes(id) ? { text: `▲ ${text}`, worse: true, title: say("differs") } : text);

const upSince = (/** @type {import("./where.js").Instance} */ i, /** @type {number} */ at) => (Number.isFinite(i.started) ? say("upFor", { age: age(at - i.started), time: time(new Date(i.started * 1000), new Date()) }) : "");

function summaryCells(/** @type {import("./where.js").Instance} */ i, /** @type {number} */ at, /** @type {import("./facts.js").Cell} */ curve) {
  return [
    { text: i.name, state: i.up ? (i.differs.length ? "slow" : "healthy") : "down", title: i.up ? upSince(i, at) : say("down") },
    marked(i, "rate", rate(i.rate)), marked(i, "errorRatio", ratio(i.errorRatio)), marked(i, "mean", latency(i.mean)), curve, marked(i, "cpu", rate(i.cpu)), marked(i, "memory", bytes(i.memory)),
  ];
}

/**
 * instanceCells are the cells of an instance; a number that differs is marked and has a
 * tooltip.
 * @param {import("./where.js").Instance} i
 * @param {number} at
 * @returns {import("./facts.js").Cell[]}
 */
export function instanceCells(i, at) {
  const started = new Date(i.started * 1000);
  return [
    i.up ? i.name : { text: `${i.name} – ${say("down")}`, worse: true }, marked(i, "rate", rate(i.rate)), marked(i, "errorRatio", ratio(i.errorRatio)), marked(i, "mean", latency(i.mean)),
    rate(i.busy), marked(i, "cpu", rate(i.cpu)), marked(i, "memory", bytes(i.memory)),
    Number.isFinite(i.started) ? { text: age(at - i.started), title: time(started, new Date()) } : nothing,
  ];
}

/** A Dependency is a host that is called, or a database pool. */
const dependsHeads = [{ label: "dependency" }, number("callsColumn"), number("errorRatio"), number("mean"), number("share", "hide-s")];

/** dependsCard is what a service depends on: hosts that it calls, and database pools. */
export function dependsCard() {
  const table = facts("dependencies", dependsHeads, 20, { note: "dependenciesNote", stays: true });
  return {
    element: table.element,
    /**
     * @param {import("./now.js").Now} now
     * @param {import("./model.js").Service} service
     */
    update(now, service) {
      const found = dependenciesOf(now, service);
      if (!found) return;
      const busy = service.routes.reduce((sum, r) => sum + (r.seconds || 0), 0);
      table.update([
        ...found.hosts.map(([host, n]) => ({ key: `host ${host}`, cells: hostCells(host, n, busy) })),
        ...found.pools.map(([pool, n]) => ({ key: `pool ${pool}`, cells: poolCells(pool, n) })),
      ], [say("noDependencies"), say("noDependenciesHow")]);
    },
  };
}

/**
 * dependenciesOf are the hosts and the pools; undefined until there is an answer.
 * @param {import("./now.js").Now} now
 * @param {import("./model.js").Service} service
 */
export function dependenciesOf(now, service) {
  const names = namesOf(now, service);
  const subject = { job: service.job, schema: "" };
  const window = now.source.window || "1m";
  const called = names.client ? samplesOf(now, union(outgoing(names, subject, window))) : [];
  const waiting = samplesOf(now, union(pools(subject, window)));
  return called && waiting && { hosts: [...byPart(called, "host")], pools: [...byPart(waiting, "db_name")] };
}

/** hostCells are the cells of a host; busy is the service's own time. */
function hostCells(/** @type {string} */ host, /** @type {Record<string, number>} */ n, /** @type {number} */ busy) {
  const errors = (n.errors ?? 0) / n.rate;
  const share = n.seconds / busy;
  return [
    { text: host || say("allHosts"), state: errors >= limits.errorRatio ? "errors" : n.rate > 0 ? "healthy" : "idle", mono: true }, rate(n.rate), { text: ratio(errors), worse: errors >= limits.errorRatio, tone: errors >= limits.errorRatio ? "bad" : undefined }, latency(n.seconds / n.rate),
    { text: ratio(share), share, title: say("concurrencyMeans") },
  ];
}

function poolCells(/** @type {string} */ pool, /** @type {Record<string, number>} */ n) {
  const full = n.most > 0 && n.inUse >= n.most;
  const waits = n.waits > 0 ? n.waited / n.waits : 0;
  return [
    { text: say("poolOf", { name: pool || say("noName") }), state: full ? "slow" : "healthy", mono: true }, { text: say("waitsPer", { n: rate(n.waits) }) },
    { text: n.most > 0 ? say("inUseOf", { n: count(n.inUse), most: count(n.most) }) : say("inUseOnly", { n: count(n.inUse) }), worse: full, title: full ? say("poolFull") : "" },
    say("waitsFor", { time: latency(waits) }), n.most > 0 ? { text: ratio(n.inUse / n.most), share: n.inUse / n.most } : nothing,
  ];
}

/** waitsText is one sentence on the pools. */
export function waitsText(/** @type {[string, Record<string, number>][]} */ all) {
  const waiting = all.filter(([, n]) => n.waits > 0);
  if (all.length === 0) return "";
  return waiting.length ? say("poolsWait", { pools: waiting.map(([name]) => visible(name) || say("noName")).join(say("listComma")) }) : say("poolsCalm");
}
