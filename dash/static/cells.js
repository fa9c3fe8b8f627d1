// Texts and latencies in cells and tiles.

import { attribute, put } from "./dom.js";
import { latency, rate, ratio, shorten, visible } from "./format.js";
import { say } from "./messages.js";
import { limits } from "./model.js";

/** Characters of a path that are shown; the tooltip has more of it. */
const longest = 160;

/** The limits as messages name them. */
export const limitTexts = { ratio: ratio(limits.errorRatio), latency: latency(limits.slow), rate: rate(limits.traffic) };

/**
 * putLong shows the beginning of a foreign text, and more of it on hovering.
 * @param {Element} element
 * @param {string} text
 */
export function putLong(element, text) {
  const all = visible(text);
  const short = shorten(all, longest);
  put(element, short);
  attribute(element, "title", short === all ? "" : shorten(all, 2000));
}

/**
 * putLatency says when a quantile is only a lower bound: one that falls into
 * the last bucket, without an end, is reported as where that bucket begins.
 * @param {Element} element
 * @param {number} seconds
 * @param {number} lastBound
 */
export function putLatency(element, seconds, lastBound) {
  const beyond = seconds >= lastBound;
  put(element, beyond ? say("beyond", { latency: latency(seconds) }) : latency(seconds));
  attribute(element, "title", beyond ? say("beyondMeans") : "");
}
