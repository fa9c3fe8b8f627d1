// What is fetched on first use. The page imports it by a call; the build makes a file of
// it (internal/bundler).

export { alertsScreen } from "./alertsview.js";
export { exploreScreen } from "./exploreview.js";
export { explain } from "./scrapeerror.js";
