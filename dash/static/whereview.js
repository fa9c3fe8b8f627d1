// Time by route, instances, outgoing requests and database pools.

import { facts } from "./facts.js";
import { make } from "./dom.js";
import { age, bytes, change, count, latency, nothing, rate, ratio, time } from "./format.js";
import { say } from "./messages.js";
import { ofInstances, outgoing, pools } from "./names.js";
import { byPart, samplesOf } from "./now.js";
import { union } from "./queries.js";
import { placeOf } from "./rows.js";
import { addressOf } from "./view.js";
import { busiest, instances } from "./where.js";

const number = (/** @type {string} */ label) => ({ label, number: true });

/** Columns of the instances. */
export const instanceHeads = [{ label: "instance" }, number("rateColumn"), number("errorRatio"), number("mean"), number("concurrency"), number("cpu"), number("memory"), number("upSince")];

/** whereView returns the tables, each hidden while it is empty. */
export function whereView() {
  const routes = facts("timeByRoute", [{ label: "route" }, number("share"), number("concurrency"), number("mean"), number("rateColumn"), number("trend")]);
  const each = facts("instances", instanceHeads);
  const others = facts("outgoing", [{ label: "host" }, number("rateColumn"), number("errorRatio"), number("mean"), number("concurrency")]);
  const databases = facts("pools", [{ label: "pool" }, number("inUse"), number("most"), number("waits"), number("waited")]);
  return {
    element: make("div", { class: "where" }, routes.element, each.element, others.element, databases.element),
    /**
     * @param {import("./now.js").Now} now
     * @param {import("./model.js").Service} service
     * @param {import("./changes.js").Change[]} changes
     */
    update(now, service, changes) {
      routes.update(busiest(changes).map((c) => ({ key: c.key, cells: routeCells(now, service, c) })));
      const names = now.config.schemas.find((s) => s.name === service.names) ?? { name: "" };
      const subject = { job: service.job, schema: "" };
      const window = now.source.window || "1m";
      const found = samplesOf(now, union(ofInstances(names, subject, window)));
      if (found) each.update(instances(found).map((i) => ({ key: i.name, cells: instanceCells(i, now.at) })));
      const called = names.client && samplesOf(now, union(outgoing(names, subject, window)));
      if (called) others.update([...byPart(called, "host")].map(([host, n]) => ({ key: host, cells: outgoingCells(host, n) })));
      const waiting = samplesOf(now, union(pools(subject, window)));
      if (waiting) databases.update([...byPart(waiting, "db_name")].map(([pool, n]) => ({ key: pool, cells: poolCells(pool, n) })));
    },
  };
}

function routeCells(/** @type {import("./now.js").Now} */ now, /** @type {import("./model.js").Service} */ service, /** @type {import("./changes.js").Change} */ c) {
  const name = `${c.method} ${c.path}`;
  return [
    { text: name, href: addressOf(now.view, { open: placeOf(service), route: name }) }, { text: ratio(c.share), share: c.share },
    { text: rate(c.time), title: say("concurrencyMeans") }, latency(c.mean), rate(c.rate), { text: change(c.time, c.timeBefore), title: say("timeDeltaMeans") },
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
  const cell = (/** @type {string} */ id, /** @type {string} */ text) =>
    i.differs.includes(id) ? { text: `▲ ${text}`, worse: true, title: say("differs") } : text;
  const started = new Date(i.started * 1000);
  return [
    i.up ? i.name : { text: `${i.name} – ${say("down")}`, worse: true }, cell("rate", rate(i.rate)), cell("errorRatio", ratio(i.errorRatio)), cell("mean", latency(i.mean)),
    rate(i.busy), cell("cpu", rate(i.cpu)), cell("memory", bytes(i.memory)),
    Number.isFinite(i.started) ? { text: age(at - i.started), title: time(started, new Date()) } : nothing,
  ];
}

function outgoingCells(/** @type {string} */ host, /** @type {Record<string, number>} */ n) {
  return [host || say("allHosts"), rate(n.rate), ratio((n.errors ?? 0) / n.rate), latency(n.seconds / n.rate), { text: rate(n.seconds), title: say("concurrencyMeans") }];
}

function poolCells(/** @type {string} */ pool, /** @type {Record<string, number>} */ n) {
  const full = n.most > 0 && n.inUse >= n.most;
  return [pool || say("noName"), { text: count(n.inUse), worse: full, title: full ? say("poolFull") : "" }, n.most > 0 ? count(n.most) : nothing, rate(n.waits), latency(n.waited / n.waits)];
}
