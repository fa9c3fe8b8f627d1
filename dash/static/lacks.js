// What the engine behind the API lacks, as the server found by probing it: parts of the page then give the
// reason instead of an error, or of emptiness that looks like good news.

import { laterMessages } from "./latermessages.js";
import { learn, say } from "./messages.js";

learn(laterMessages);

/** Messages of the features whose absence leaves a part of the page empty. */
const reasons = /** @type {Record<string, string>} */ ({
  query_exemplars: "lacksExemplars", native_histograms: "lacksNative", metadata: "lacksMetadata", targets: "lacksTargets", rules: "lacksRules",
});

/**
 * lacks reports that the engine does not have a feature: there is nothing to ask for.
 * @param {Pick<import("./now.js").Now, "config">} now
 * @param {string} feature
 */
export const lacks = ({ config }, feature) => config.source?.lacks?.includes(feature) ?? false;

/**
 * lacking is why a part is empty; "" if the engine has the feature.
 * @param {Pick<import("./now.js").Now, "config">} now
 * @param {string} feature
 */
export const lacking = (now, feature) => (lacks(now, feature) && reasons[feature] ? say(reasons[feature]) : "");
