import assert from "node:assert/strict";
import test from "node:test";
import { secondsOf } from "../static/duration.js";
import { laterMessages as messages } from "../static/latermessages.js";
import { explain, jobsOf, matches, targetsOf } from "../static/targets.js";

const at = (/** @type {string} */ url) => ({ url, timeout: 10 });

test("what is wrong with a target, in words", () => {
  for (const [error, key] of [
    ['Get "http://x/metrics": dial tcp 10.0.0.1:80: connect: connection refused', "targetRefused"],
    ['Get "http://x/no such host": dial tcp 10.0.0.1:80: connect: connection refused', "targetRefused"],
    ['Get "http://x/metrics": dial tcp: lookup x on 127.0.0.11:53: no such host', "targetUnknownHost"],
    ["dial tcp: lookup x: Temporary failure in name resolution", "targetUnknownHost"],
    ['Get "http://x/metrics": context deadline exceeded', "targetSlow"],
    ['Get "http://x/metrics": dial tcp 10.0.0.1:80: i/o timeout (Client.Timeout exceeded while awaiting headers)', "targetSlow"],
    ["net/http: TLS handshake timeout", "targetSlow"],
    ["dial tcp 10.0.0.1:80: connect: no route to host", "targetUnreachable"],
    ["server returned HTTP status 401 Unauthorized", "targetDenied"], ["server returned HTTP status 403 Forbidden", "targetDenied"],
    ["server returned HTTP status 404 Not Found", "targetNotFound"], ["server returned HTTP status 400 Bad Request", "targetBadRequest"],
    ["server returned HTTP status 429 Too Many Requests", "targetTooOften"], ["server returned HTTP status 302 Found", "targetStatus"],
    ["server returned HTTP status 500 Internal Server Error", "targetFails"], ["server returned HTTP status 503 Service Unavailable", "targetBehind"],
    ["tls: failed to verify certificate: x509: certificate signed by unknown authority", "targetCertificate"],
    ["tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time", "targetExpired"],
    ["tls: failed to verify certificate: x509: certificate is valid for a, not b", "targetOtherName"],
    ["tls: failed to verify certificate: x509: cannot validate certificate for 10.0.0.1 because it doesn't contain any IP SANs", "targetOtherName"],
    ["remote error: tls: certificate required", "targetClientCertificate"], ["remote error: tls: protocol version not supported", "targetTLS"],
    ["http: server gave HTTP response to HTTPS client", "targetPlain"], ["tls: first record does not look like a TLS handshake", "targetPlain"],
    ['net/http: HTTP/1.x transport connection broken: malformed HTTP response "\\x15\\x03"', "targetNotHTTP"], ['Get "http://x/": EOF', "targetNotHTTP"],
    ['received unsupported Content-Type "text/html; charset=utf-8" and no fallback_scrape_protocol specified for target', "targetHTML"],
    ["non-compliant scrape target sending blank Content-Type and no fallback_scrape_protocol specified for target", "targetType"],
    ['expected a valid start token, got "<" ("INVALID") while parsing: "<connection refused"', "targetFormat"], ['"INVALID" is not a valid start token', "targetFormat"],
    ["sample limit exceeded", "targetLimit"], ["body size limit exceeded", "targetLimit"], ["label_limit exceeded (metric: x, number of labels: 40, limit: 30)", "targetLimit"],
    ["unable to read basic auth password file /x: open /x: no such file or directory", "targetFile"], ["proxyconnect tcp: dial tcp 10.0.0.1:3128: connect: connection refused", "targetProxy"],
    ["something else", ""], ["", ""],
  ]) {
    assert.equal(explain(error, at("http://x/metrics")).key, key, error);
    assert.ok(!key || messages[key], key);
  }
});

test("an explanation names what it is about", () => {
  const { key, values } = explain('Get "http://127.0.0.1/m": dial tcp 127.0.0.1:80: connect: connection refused', at("http://127.0.0.1/m"));
  assert.deepEqual([key, values.host, values.port, values.path], ["targetRefusedHere", "127.0.0.1", "80", "/m"]);
  assert.equal(explain("server returned HTTP status 418 I'm a teapot", at("https://x:8443/m")).values.status, "418");
  assert.equal(explain('received unsupported Content-Type "application/pdf; v=1"', at("?")).values.type, "application/pdf");
  assert.deepEqual([explain("context deadline exceeded", at("http://x/")).values.timeout, explain("EOF", { url: "", timeout: NaN }).values.timeout], ["10 s", ""]);
  for (const [, [english, chinese]] of Object.entries(messages).filter(([k]) => /^target[A-Z]/.test(k))) {
    for (const word of `${english}${chinese}`.match(/\{(\w+)\}/g) ?? []) assert.ok(word.slice(1, -1) in { ...values, n: 1, all: 1, down: 1, slow: 1 }, word);
  }
});

const list = [
  { labels: { job: "a", instance: "1" }, health: "up", lastScrape: "2026-11-26T10:00:00Z", lastScrapeDuration: 0.1, scrapeTimeout: "10s", scrapeInterval: "1m30s" },
  { labels: { job: "b", instance: "1", zone: "Q" }, health: "up", lastScrapeDuration: 9, scrapeTimeout: "10s", scrapeUrl: "http://b/" },
  { labels: { job: "c", instance: "1" }, health: "down", lastError: "x", lastScrape: "0001-01-01T00:00:00Z" }, {}, { labels: { job: "a", instance: "0" }, health: "down" },
];

test("targets: those that are down first, then the slow ones", () => {
  const found = targetsOf(list);
  assert.deepEqual(found.map((t) => `${t.job}${t.instance} ${t.health} ${t.slow}`), ["a0 down false", "c1 down false", "b1 up true", " unknown false", "a1 up false"]);
  assert.deepEqual([found[4].at, found[4].interval, found[4].timeout, found[1].at], [Date.UTC(2026, 10, 26, 10) / 1000, 90, 10, NaN]);
  assert.equal(new Set(found.map((t) => t.key)).size, 5);
  assert.deepEqual(["1m30s", "500ms", "15s", "1h", "", "x", "15", "1s garbage"].map(secondsOf), [90, 0.5, 15, 3600, NaN, NaN, NaN, NaN]);
});

test("targets stand below their jobs; all are counted, and some shown", () => {
  const short = (/** @type {number} */ most) => jobsOf(targetsOf(list), most).map((j) => `${j.job} ${j.up}/${j.down}/${j.unknown} ${j.targets.length}`);
  assert.deepEqual(short(100), ["a 1/1/0 2", "c 0/1/0 1", "b 1/0/0 1", " 0/0/1 1"]);
  assert.deepEqual(short(2), ["a 1/1/0 1", "c 0/1/0 1"]);
  assert.deepEqual([jobsOf([], 100), targetsOf([])], [[], []]);
});

test("a filter looks at all that is shown of a target", () => {
  const [down, , slow] = targetsOf(list);
  assert.deepEqual([matches(slow, ""), matches(slow, "q B/"), matches(slow, "q z"), matches(down, "DOWN")], [true, true, false, true]);
});
