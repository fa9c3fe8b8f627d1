// Texts and latencies in cells and tiles.

import { attribute, put } from "./dom.js";
import { latency, rate, ratio, shorten, visible } from "./format.js";
import { say } from "./messages.js";
import { limits } from "./model.js";

/** Characters of a path that are shown; the tooltip shows more. */
const longest = 160;

/** The thresholds, for messages. */
export const limitTexts = { ratio: ratio(limits.errorRatio), latency: latency(limits.slow), rate: rate(limits.traffic) };

/**
 * putLong shows the beginning of an external text, and more in a tooltip.
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
 * putLatency marks quantiles that are only bounds: one in the last bucket (+Inf) is
 * reported as that bucket's lower bound, one in the first bucket is at most its upper bound.
 * @param {Element} element
 * @param {number} seconds
 * @param {{firstBound: number, lastBound: number}} buckets
 */
export function putLatency(element, seconds, { firstBound, lastBound }) {
  const [text, means] = seconds >= lastBound ? [say("beyond", { latency: latency(seconds) }), say("beyondMeans")]
    : seconds < firstBound ? [say("within", { latency: latency(firstBound) }), say("withinMeans")]
      : [latency(seconds), ""];
  put(element, text);
  attribute(element, "title", means);
}
