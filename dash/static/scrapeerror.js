// Explains why a target cannot be scraped. Pure. tacho doctor, tacho top and the alert use
// the same table; package scrapeerror reads it in the same way.

import { causes, usualPaths } from "./causes.js";

const table = causes.map((c) => ({ ...c, pattern: c.match === undefined ? null : new RegExp(c.match) }));

/** The address that was asked for last, after redirects: Go's net/http puts it before an error. */
const asked = /^(?:Get|Head) ("(?:[^"\\]|\\.)*"): /;

/** Addresses of the machine itself. In a container that is the container. */
const itself = /^(localhost|127\.\d+\.\d+\.\d+|\[?::1\]?)$/;

/** Scheme, host, port, path and query of a URL; a password is left out. */
const urlParts = /^([a-zA-Z][\w+.-]*):\/\/(?:[^@\/?#]*@)?(\[[^\]]*\]|[^:\/?#]*)(?::(\d*))?([^?#]*)(\?[^#]*)?/;

/**
 * explain explains a scrape error and how to fix it, in every language; "" if the error is
 * unknown.
 * @param {string} error Prometheus's lastError
 * @param {{url: string, timeout: number}} target with the seconds of its timeout; NaN if they are not known
 * @param {string} setting config if the reader has a prometheus.yml, arguments if the targets were typed
 * @returns {{cause: string, texts: string[]}}
 */
export function explain(error, { url, timeout }, setting) {
  const before = asked.exec(error);
  const words = before ? error.slice(before[0].length) : error;
  const target = parse(url);
  const at = before ? finalOf(target, unquote(before[1])) : target;
  let cause = table.find((c) => c.pattern?.test(words))?.cause ?? "";
  if (cause === "refused" && itself.test(at.host)) cause = "refusedHere";
  const redirected = at.url !== target.url;
  if (!cause && !redirected) return { cause, texts: ["", ""] };
  const values = /** @type {Record<string, string>} */ ({
    ...at, target: target.url, https: as(at, "https"), http: as(at, "http"), usual: usualPaths,
    status: /^server returned HTTP status (\d{3})/.exec(words)?.[1] ?? "", type: /Content-Type "([^";]*)/.exec(words)?.[1] ?? "",
    within: timeout > 0 ? ` (${timeout} s)` : "",
  });
  const fill = (/** @type {string} */ text) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
  return { cause, texts: [0, 1].map((language) => sentences(cause, redirected, setting, words, language).map(fill).join(language === 0 ? " " : "")) };
}

/** sentences are the table's texts: redirect, cause, fix. */
function sentences(/** @type {string} */ cause, /** @type {boolean} */ redirected, /** @type {string} */ setting, /** @type {string} */ words, /** @type {number} */ language) {
  const entry = (/** @type {string} */ name) => table.find((c) => c.cause === name);
  const fixes = entry(cause)?.fix ?? {};
  return [redirected ? entry("redirected")?.what[language] : "", cause ? entry(cause)?.what[language] : words.replace(/[{}]/g, ""), (fixes[setting] ?? fixes.any ?? [])[language]]
    .flatMap((text) => (text ? [text] : []));
}

/** An Address is a URL taken apart, with the port that is meant where none is written. */
function parse(/** @type {string} */ text) {
  const m = urlParts.exec(text);
  if (!m) return { url: text, scheme: "", host: text, address: text, port: "", path: "" };
  const scheme = m[1].toLowerCase();
  const address = m[3] ? `${m[2]}:${m[3]}` : m[2];
  return { url: `${scheme}:${"/".repeat(2)}${address}${m[4]}${m[5] ?? ""}`, scheme, host: m[2], address, port: m[3] || (scheme === "https" ? "443" : "80"), path: m[4] || "/" };
}

/** as is a URL with another scheme. */
const as = (/** @type {ReturnType<typeof parse>} */ at, /** @type {string} */ scheme) => (at.scheme ? scheme + at.url.slice(at.scheme.length) : at.url);

/** finalOf is where redirects have led. A Location may be a path alone. */
function finalOf(/** @type {ReturnType<typeof parse>} */ target, /** @type {string} */ text) {
  const path = /^\/(?!\/)/.test(text);
  const full = path ? target.url.replace(urlParts, (_, scheme) => `${scheme}:${"/".repeat(2)}${target.address}`) + text : text;
  return urlParts.test(full) ? parse(full) : target;
}

/** unquote reads what Go's %q wrote; an address has nothing to escape but quotes and backslashes. */
const unquote = (/** @type {string} */ quoted) => quoted.slice(1, -1).replace(/\\(["\\])/g, "$1");
