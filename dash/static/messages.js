// Everything the page says, in one table, so that another language is another
// table. {words in braces} are filled in; no sentence depends on a plural.

/** @type {Record<string, string>} */
const english = {
  lastGood: "Last good answer:",
  waiting: "waiting for an answer, {age} so far",
  ago: "({age} ago)",

  // States, each with what it means.
  well: "well",
  errors: "errors",
  slow: "slow",
  idle: "idle",
  down: "down",
  partDown: "{down} of {all} down",
  noData: "no data",
  wellMeans: "Up, answering, and no route is past the limits of errors or latency.",
  errorsMeans: "At least {ratio} of a route's answers have a status of 500 or above, and at least {rate} of them a second.",
  slowMeans: "One in twenty requests of a route takes {latency} or longer.",
  idleMeans: "No request in the window.",
  downMeans: "Prometheus cannot scrape it.",
  noDataMeans: "The target answers, but there are no request rates. They need two scrapes, and metrics with names that tacho knows.",

  // Why a service is in its state.
  whyErrors: "{route}: {ratio} errors",
  whySlow: "{route}: p95 is {latency}",
  whole: "all routes together",
  whyWell: "",
  whyIdle: "no request in the window",
  whyDown: "Prometheus cannot scrape it",
  whyNoData: "the target answers, but there are no request rates yet: they need two scrapes, and metrics with names that tacho knows",
  andMore: "{why}; other routes too: {n}",

  // The sentence at the top.
  allWell: "All services are well.",
  nothingWrong: "Nothing is wrong; no traffic at: {jobs}.",
  wellButAlerts: "No service is past its limits now, but alerts are firing: {n}.",
  notWell: "Not well: {jobs}.",
  jobIs: "{job} ({state})",
  both: "{one}, {other}",

  // Tiles and columns.
  rate: "Rate",
  rateUnit: "requests/s",
  errorRatio: "Errors",
  p50: "p50",
  p95: "p95",
  p99: "p99",
  inFlight: "In flight",
  targets: "Targets",
  targetsUp: "{n} up",
  targetsSome: "{up} up, {down} down",
  state: "State",
  route: "Route",
  rateColumn: "Rate /s",
  share: "Time share",
  rateMeans: "Requests per second over the window.",
  errorRatioMeans: "Share of answers with a status of 500 or above. 499, client gone, is no error.",
  p50Means: "Half of the requests take at most this long.",
  p95Means: "95 of 100 requests take at most this long.",
  p99Means: "99 of 100 requests take at most this long.",
  inFlightMeans: "Requests being served now.",
  targetsMeans: "Processes that Prometheus scrapes.",
  stateMeans: "errors: at least {ratio} of the answers; slow: p95 of {latency} or more.",
  routeMeans: "Method and route template.",
  shareMeans: "Share of the time that the service spends on all its requests.",
  beyond: "≥ {latency}",
  beyondMeans: "Beyond the histogram's last bucket: it may be far more.",
  tableOf: "Routes of {job}",
  schemaOf: "names: {schema}",
  unmatched: "(no route matched)",
  unknown: "(no router in sight)",
  overflow: "(past the limit of series)",
  noJob: "(no job)",
  routesShown: "Routes shown: {n} of {all}",
  showAll: "Show all {all}",
  filter: "Filter routes",
  filtered: "Services shown: {n} of {all}",

  // Charts.
  showCharts: "Show over time",
  hideCharts: "Hide charts",
  overTime: "Over time",
  wholeService: "× whole service",
  openRoute: "Show this route over time",
  span: "Span of time",
  fromTo: "{from} to {to}",
  chartRate: "Requests per second, by status",
  chartErrors: "Share of requests answered 4xx and 5xx",
  chartLatency: "Latency",
  chartInFlight: "In flight",
  otherClass: "other",
  noPoints: "No data in this span.",
  noErrors: "None in this span.",
  asTable: "As a table, and how it is computed",
  timeColumn: "Time",

  // Lists.
  alerts: "Alerts",
  firing: "firing",
  pending: "pending",
  someFiring: "{firing} firing, {pending} pending",
  times: "× {n}",
  since: "since {time} ({age})",
  runbook: "What to do",
  targetsDown: "Targets that cannot be scraped",
  noError: "Prometheus does not say why.",
  more: "and more: {n}",

  // Nothing to show yet.
  noTarget: "No target yet",
  noTargetText: "Prometheus scrapes no service. Add yours, with its address:",
  noTargetDemo: "Or watch a demo:",
  waitingTitle: "No data yet",
  waitingText: "Waiting for the first scrape of:",
  emptyTitle: "No data yet",
  emptyText: "This Prometheus answers, but has no request metrics of a name that tacho knows, and does not say what it scrapes.",
  loading: "Asking for the numbers…",

  // What can be wrong with the API.
  gone: "The server does not answer.",
  goneHow: "Is it still running? The page asks again by itself.",
  starting: "The server is starting: it does not answer queries yet.",
  startingHow: "The page asks again by itself.",
  slowAnswer: "The query took longer than {age} and was given up.",
  slowAnswerHow: "Recording rules make it fast; tacho serve has them.",
  query: "The query failed:",
  queryHow: "The page asks again by itself.",
  denied: "The API refuses the page:",
  deniedHow: "Sign in where the server asks for it, then load this page again.",
  foreign: "There is no Prometheus API at {url}:",
  foreignHow: "Options.APIPath says where it is.",
  kept: "Below is what was true at {time}.",

  // Where the numbers come from.
  fromRecorded: "Numbers from recording rules.",
  fromRaw: "No recording rules here: computed from http_requests_total and http_request_duration_seconds over {window}.",
  noAlertsAPI: "This API does not list alerts.",
  noTargetsAPI: "This API does not say why targets are down.",
  warning: "Prometheus warns: {text}",
  howComputed: "How the numbers are computed",
  ofService: "{name}, whole service",
  queryRate: "Rate",
  queryErrors: "Errors (a rate; divided by the rate above)",
  querySeconds: "Time (seconds of latency per second)",
  queryInFlight: "In flight",
  queryBounds: "Bounds of the buckets",
  queryTargets: "Targets",
  queryDown: "Targets down",
};

/**
 * say returns the message of a key with the values filled in.
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 */
export function say(key, values = {}) {
  const text = english[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}
