import assert from "node:assert/strict";
import test from "node:test";
import { agrees, chartOf, pastOf, restOf, ruleOf, silenceLink } from "../static/alerts.js";
import { blocks, inline } from "../static/markdown.js";
import { meaningOf, secondsOf, targetsOf } from "../static/targets.js";
import { range } from "./ranges.js";

test("an alert's chart is what its rule compares, with the limit beside it", () => {
  for (const [query, expr, op, limit] of /** @type {[string, string, string, number | null][]} */ ([
    ["up == 0", "up", "==", 0],
    ["sum by (job) (rate(x{s=~\"5..|a > 1 and b\"}[5m]))\n  / y\n  > 0.05\nand\nz * 15 >= 5", "sum by (job) (rate(x{s=~\"5..|a > 1 and b\"}[5m]))\n  / y", ">", 0.05],
    ["histogram_quantile(0.95, sum by (le) (b))\n  >= 1\nand\nc >= 20", "histogram_quantile(0.95, sum by (le) (b))", ">=", 1],
    ["sum_over_time((r > bool 0)[1h:1m]) >= 30\nunless on (job) r > 0", "sum_over_time((r > bool 0)[1h:1m])", ">=", 30],
    ["a > 0 or b > 0 and c == 1", "a > 0 or b > 0 and c == 1", "", null],
    ["x < -1e3", "x", "<", -1000], ["x > bool 2", "x", ">", 2], ["a > b", "a > b", "", null], ["vector(1)", "vector(1)", "", null], ["", "", "", null],
    ["x > 1 # and y", "x", ">", 1], ['x{a="\\"} > 5"} > 3', 'x{a="\\"} > 5"}', ">", 3], ["x{a='b} and'} != 2", "x{a='b} and'}", "!=", 2], ["oracle > 4", "oracle", ">", 4], ["((", "((", "", null], ['x{a="', 'x{a="', "", null],
  ])) assert.deepEqual(chartOf(query), { expr, op, limit }, query);
});

test("a series agrees with an alert unless a label says otherwise", () => {
  assert.deepEqual([agrees({ __name__: "x", job: "a" }, { job: "a", alertname: "A" }), agrees({ job: "b" }, { job: "a" }), agrees({}, { job: "a" }), agrees({ path: "/" }, { job: "a" })], [true, false, true, true]);
  const groups = [{ rules: [{ name: "A", labels: { severity: "page" } }, { name: "A", labels: { severity: "ticket" } }] }, {}];
  assert.equal(ruleOf(groups, { alertname: "A", severity: "ticket" }).labels.severity, "ticket");
  assert.equal(ruleOf(groups, { alertname: "B" }), undefined);
});

test("alerts that are over: from, to, the newest first; one that still fires is none", () => {
  const answer = range([{ __name__: "ALERTS", alertstate: "firing", alertname: "A" }, [1, 1, null, null, 1, null]], [{ alertname: "B" }, [null, null, 1, 1, 1, 1]], [{ alertname: "C" }, [null, 1, 1, null, null, null]]);
  assert.deepEqual(pastOf(answer, 10).map((p) => [p.labels.alertname, p.from, p.to]), [["A", 40, 40], ["C", 10, 20], ["A", 0, 10]]);
  assert.equal(pastOf(answer, 1).length, 1);
  assert.equal(restOf({ alertname: "A", job: "x", path: "/" }), "job: x, path: /");
});

test("a silence has the alert's labels, whatever is in them", () => {
  const link = silenceLink("https://am.example/x/api/v2/alerts", { alertname: "A", path: '/a"&\\ü' });
  assert.ok(link.startsWith("https://am.example/x/#/silences/new?filter="), link);
  assert.equal(decodeURIComponent(link.split("filter=")[1]), '{alertname="A",path="/a\\"&\\\\ü"}');
  assert.equal(silenceLink("javascript:alert(1)", { a: "b" }), "");
});

test("what is wrong with a target, in words", () => {
  assert.deepEqual([
    'Get "http://x/metrics": dial tcp 127.0.0.1:1: connect: connection refused', "dial tcp: lookup nowhere: no such host", "context deadline exceeded", "server returned HTTP status 404 Not Found",
    "server returned HTTP status 403 Forbidden", "server returned HTTP status 503 Service Unavailable", "tls: failed to verify certificate: x509: unknown authority",
    'received unsupported Content-Type "text/html; charset=utf-8"', "sample limit exceeded", "dial tcp 10.0.0.1:80: connect: no route to host", "something else",
  ].map(meaningOf), ["targetRefused", "targetUnknownHost", "targetSlow", "targetNotFound", "targetDenied", "targetFails", "targetCertificate", "targetFormat", "targetLimit", "targetUnreachable", ""]);
  assert.deepEqual(["1m30s", "500ms", "15s", ""].map(secondsOf), [90, 0.5, 15, NaN]);
  const found = targetsOf([
    { labels: { job: "a", instance: "1" }, health: "up", lastScrapeDuration: 0.1, scrapeTimeout: "10s" }, { labels: { job: "b", instance: "1" }, health: "up", lastScrapeDuration: 9, scrapeTimeout: "10s" },
    { labels: { job: "c", instance: "1" }, health: "down", lastError: "x" }, {},
  ]);
  assert.deepEqual(found.map((t) => [t.job, t.health, t.slow]), [["c", "down", false], ["b", "up", true], ["", "unknown", false], ["a", "up", false]]);
});

test("Markdown: what the pages of alerts use, and everything else is text", () => {
  const text = "# T\n\nA *b* `c` **d** [e](f.md)\ngoes on\n\n- one\n  more\n- two\n\n1. x\n2. y\n\n```promql\nup == 0\n\n# no heading\n```\n<script>alert(1)</script>\n";
  assert.deepEqual(blocks(text), [
    { kind: "heading", level: 1, inline: [{ kind: "text", text: "T" }] },
    { kind: "paragraph", inline: [{ kind: "text", text: "A *b* " }, { kind: "code", text: "c" }, { kind: "text", text: " " }, { kind: "strong", text: "d" }, { kind: "text", text: " " }, { kind: "link", text: "e", href: "f.md" }, { kind: "text", text: " goes on" }] },
    { kind: "list", ordered: false, items: [[{ kind: "text", text: "one more" }], [{ kind: "text", text: "two" }]] },
    { kind: "list", ordered: true, items: [[{ kind: "text", text: "x" }], [{ kind: "text", text: "y" }]] },
    { kind: "code", text: "up == 0\n\n# no heading" },
    { kind: "paragraph", inline: [{ kind: "text", text: "<script>alert(1)</script>" }] },
  ]);
  assert.deepEqual(blocks("```\nopen"), [{ kind: "code", text: "open" }]);
  assert.deepEqual([blocks(""), inline("")], [[], []]);
});
