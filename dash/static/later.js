// The modules loaded on first use. The page imports them dynamically; internal/bundler
// builds them into one file.

export { alertsScreen } from "./alertsview.js";
export { firstStart } from "./firststart.js";
export { zoomLanes } from "./crosshair.js";
export { exploreScreen } from "./exploreview.js";
export { showKeys } from "./keysheet.js";
export { showPalette } from "./palette.js";
export { showQueries } from "./queriesheet.js";
export { belowView } from "./below.js";
export { eventsCard } from "./eventsview.js";
export { settingsMenu } from "./menu.js";
export { picker } from "./picker.js";
export { routeView } from "./route.js";
export { timeView } from "./timeview.js";
export { serviceTable } from "./servicetable.js";
export { slosScreen } from "./slosview.js";
export { targetsScreen } from "./targetsview.js";
export { explain } from "./scrapeerror.js";
