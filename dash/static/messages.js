// The page's texts in English and Chinese; latermessages.js has those of later screens. {words in braces} are
// filled in; no sentence depends on a plural. Metric names, labels and PromQL are not translated.

/** @type {Record<string, [string, string]>} */
export const messages = {
  waiting: ["waiting for a response, {age} so far", "等待响应中（已 {age}）"],
  seconds: ["{n} s", "{n} 秒"],
  minutes: ["{n} min", "{n} 分钟"],
  hours: ["{n} h", "{n} 小时"],
  days: ["{n} d", "{n} 天"],
  isNew: ["new", "新增"],

  // The bar.
  skip: ["Skip to the content", "跳到内容"],
  home: ["tacho: all services", "tacho：所有服务"],
  search: ["Search (Ctrl K)", "搜索（Ctrl K）"],
  searchFor: ["Search services, routes, metrics", "搜索服务、路由、指标"],
  switchService: ["Switch service (s)", "切换服务（s）"],
  findService: ["Find a service", "查找服务"],
  allServices: ["All services", "所有服务"],
  firingCount: ["{n} alerts firing", "{n} 条告警触发中"],
  note: ["note", "说明"],
  earlier: ["Earlier", "更早"],
  earlierKey: ["Earlier ([)", "更早（[）"],
  later: ["Later", "更晚"],
  laterKey: ["Later (])", "更晚（]）"],
  timeKey: ["Time range (t)", "时间范围（t）"],
  lastSpan: ["Last {age}", "最近 {age}"],
  vs_before: ["vs before", "对比此前"],
  vs_day: ["vs yesterday", "对比昨天"],
  vs_week: ["vs last week", "对比上周"],
  live: ["Live", "实时"],
  paused: ["Paused", "已暂停"],
  oldBy: ["{age} old", "{age}前的数据"],
  settings: ["Settings", "设置"],
  keys: ["Keyboard shortcuts", "键盘快捷键"],
  key_space: ["Space", "空格"],

  // The verdict: a sentence, and its lanes. Those that follow another begin with a space where the language has one.
  verdict: ["Verdict", "结论"],
  what: ["What", "问题"],
  sinceHead: ["Since", "开始时间"],
  whereHead: ["Where", "范围"],
  zoomTo: ["Zoom to it", "放大查看"],
  whatToDo: ["Runbook", "处理方法"],
  copyText: ["Copy as text, with a link", "复制文字和链接"],
  moreLanes: ["{n} more", "另有 {n} 项"],
  sentence: ["{subject} {claim} {since}", "{subject} {claim}，{since}"],
  sentence_now: ["{subject} {claim}", "{subject} {claim}"],
  claim_errors: ["is failing: {value} errors", "错误率 {value}"],
  claim_errors_over: ["was failing: up to {value} errors", "错误率曾达 {value}"],
  claim_latency: ["is slow: p95 {value}", "变慢：p95 {value}"],
  claim_latency_over: ["was slow: p95 up to {value}", "曾变慢：p95 最高 {value}"],
  claim_pool: ["is exhausted: {value} requests wait for a connection", "已用尽：平均 {value} 个请求在等待连接"],
  claim_pool_over: ["was exhausted: up to {value} requests waited for a connection", "曾用尽：平均最多 {value} 个请求在等待连接"],
  claim_target: ["is down", "无法抓取"],
  claim_target_over: ["was down", "曾无法抓取"],
  alertOn: ["{alert} on {route}", "{alert}（{route}）"],
  claim_alert: ["is firing", "正在触发"],
  claim_alert_over: ["was firing", "曾触发"],
  wasValue: [" (was {value})", "（此前 {value}）"],
  wasValue_: ["was {value}", "此前 {value}"],
  onlyOn: [", only on {instance}", "，仅实例 {instance}"],
  onlyOn_: ["only {instance}", "仅 {instance}"],
  allInstances: ["all {n} instances", "全部 {n} 个实例"],
  someInstances: ["{n} of {all} instances", "{all} 个实例中的 {n} 个"],
  sinceAt: ["since {time}", "始于 {time}"],
  sinceBefore: ["since before {time}", "{time} 之前已开始"],
  sinceShort: [" since {time}", "（始于 {time}）"],
  lasted_: ["{from} – {to}", "{from} 至 {to}"],
  afterEvent: ["{age} after {event}", "{event} {age}后"],
  withEvent: ["at the time of {event}", "与{event}同时"],
  deployOf: ["deploy {version}", "版本 {version} 部署"],
  restartOf: ["the restart of {instance}", "{instance} 重启"],
  aRestart: ["a restart", "重启"],
  versionDeployed: ["Version {version} was deployed.", "部署了版本 {version}。"],
  comma: [", ", "，"],
  listComma: [", ", "，"],
  fullStop: [".", "。"],
  oneMoreRoute: [" 1 more route is unhealthy.", "另有 1 条路由异常。"],
  moreRoutes: [" {n} more routes are unhealthy.", "另有 {n} 条路由异常。"],
  oneMoreFinding: [" 1 more problem.", "另有 1 个问题。"],
  moreFindings: [" {n} more problems.", "另有 {n} 个问题。"],
  moreShort: ["{n} more", "另有 {n} 项"],
  onlyAlert: ["{job} is within its limits, but an alert is still firing: ", "{job} 各项指标均在阈值内，但仍有 1 条告警在触发："],
  onlyAlerts: ["{job} is within its limits, but {n} alerts are still firing: ", "{job} 各项指标均在阈值内，但仍有 {n} 条告警在触发："],
  healthyAgain: ["{job} is healthy again since {time}.", "{job} 自 {time} 起恢复正常。"],
  wasWrong: [" {subject} {claim}, for {age}.", "{subject} {claim}，持续 {age}。"],
  sentence_healthy: ["{job} is healthy.", "{job} 运行正常。"],
  sentence_idle: ["{job} is healthy and has no requests.", "{job} 运行正常，没有请求。"],
  sentence_noData: ["{job} has no request rates yet.", "{job} 暂无请求速率数据。"],
  sentence_errors: ["{job} is failing.", "{job} 出错。"],
  sentence_slow: ["{job} is slow.", "{job} 响应缓慢。"],
  sentence_down: ["{job} is down.", "{job} 无法抓取。"],
  clause_errors: ["{job} is failing", "{job} 出错"],
  clause_slow: ["{job} is slow", "{job} 响应缓慢"],
  clause_down: ["{job} is down", "{job} 无法抓取"],
  clause_warning: ["{job} has alerts firing", "{job} 有告警在触发"],
  andOthers: [" and {n} more", "，另有 {n} 个服务异常"],
  otherHealthy: [" The other service is healthy or idle.", "另一个服务正常或空闲。"],
  othersHealthy: [" The other {n} services are healthy or idle.", "其余 {n} 个服务正常或空闲。"],
  withoutTraffic: [" No traffic: {jobs}.", "无流量：{jobs}。"],
  atTime: ["At {time}: {text}", "{time} 时：{text}"],
  oneHealthy: ["The service is healthy.", "服务运行正常。"],

  cancel: ["Cancel", "取消"],
  retry: ["Retry", "重试"],

  // Navigation and controls.
  navigation: ["Pages", "页面"],
  services: ["Services", "服务"],
  filterServices: ["Filter services", "筛选服务"],
  pauseMeans: ["Live: follows the clock. Space pauses: the address then shows the same to others.", "实时更新中。按空格键暂停；暂停后，任何人打开此链接看到的都是同一时刻。"],
  goLiveMeans: ["Paused. Space follows the clock again.", "已暂停。按空格键恢复实时更新。"],
  from: ["From", "从"],
  to: ["To", "到"],
  compare: ["Compare with", "对比"],
  theme: ["Colors", "配色"],
  zone: ["Time zone", "时区"],

  // States and their meanings.
  healthy: ["healthy", "正常"],
  errors: ["failing", "出错"],
  slow: ["slow", "缓慢"],
  idle: ["idle", "空闲"],
  down: ["down", "抓取失败"],
  warning: ["alerts firing", "告警触发中"],
  partDown: ["{down} of {all} down", "{all} 个中 {down} 个抓取失败"],
  noData: ["no data", "无数据"],

  // Reasons of a state.
  whyIdle: ["no requests in the window", "时间窗口内没有请求"],
  whyNoData: ["the target responds, but has no request rates: they need two scrapes within the rate window, and metric names that tacho knows", "目标有响应，但没有请求速率：需要窗口内至少两次抓取，且指标名称须为 tacho 所支持"],
  whyNoRates: ["requests are counted, but scraped or pushed too rarely to compute a rate: alerts on them cannot fire", "有请求计数，但抓取或推送间隔过长，无法计算速率：相关告警不会触发"],

  allHealthy: ["All {n} services are healthy.", "全部 {n} 个服务正常。"],
  both: ["{one}, {other}", "{one}，{other}"],

  // Tiles and columns.
  rate: ["Rate", "速率"],
  rateUnit: ["requests/s", "请求/秒"],
  errorRatio: ["Errors", "错误率"],
  p50: ["p50", "p50"],
  p95: ["p95", "p95"],
  p99: ["p99", "p99"],
  inFlight: ["In flight", "处理中"],
  targets: ["Targets", "目标"],
  slos: ["SLOs", "SLO"],
  budgetOf: ["error budget: {left} left", "错误预算剩余 {left}"],
  targetsUp: ["{n} up", "{n} 个在线"],
  state: ["State", "状态"],
  route: ["Route", "路由"],
  rateColumn: ["Rate /s", "请求/秒"],
  share: ["Time share", "耗时占比"],
  rateMeans: ["Requests per second over the window.", "时间窗口内每秒的请求数。"],
  errorRatioMeans: ["Share of responses with a status of 500 or above, or a gRPC code that is a failure of the server, such as UNAVAILABLE. 499 (client closed the request) is not an error.", "状态码不低于 500，或 gRPC 状态码表示服务端失败（如 UNAVAILABLE）的响应所占比例。499（客户端已断开）不算错误。"],
  p50Means: ["50% of requests take at most this long.", "50% 的请求耗时不超过此值。"],
  p95Means: ["95% of requests take at most this long.", "95% 的请求耗时不超过此值。"],
  p99Means: ["99% of requests take at most this long.", "99% 的请求耗时不超过此值。"],
  routeMeans: ["Method and route template.", "方法和路由模板。"],
  shareMeans: ["Share of the service's total request time.", "占该服务请求总耗时的比例。"],
  beyond: ["≥ {latency}", "≥ {latency}"],
  within: ["≤ {latency}", "≤ {latency}"],
  withinMeans: ["In the histogram's first bucket: the real value may be much lower.", "落在直方图的第一个桶内：实际值可能小得多。"],
  beyondMeans: ["Above the histogram's last bucket: the real value may be much higher.", "超出直方图的最后一个桶：实际值可能大得多。"],
  tableOf: ["Routes of {job}", "{job} 的路由"],
  schemaOf: ["names: {schema}", "指标命名：{schema}"],
  unmatched: ["(no route)", "（无路由）"],
  unknown: ["(no router)", "（无路由器）"],
  overflow: ["(series limit reached)", "（已达序列上限）"],
  noJob: ["(no job)", "（没有 job）"],
  routesShown: ["Routes shown: {n} of {all}", "显示的路由：{n} / {all}"],
  filter: ["Filter routes", "筛选路由"],
  filtered: ["Services shown: {n} of {all}", "显示的服务：{n} / {all}"],

  bytes: ["Bytes /s", "字节/秒"],
  bytesMeans: ["Response bytes per second.", "每秒的响应字节数。"],
  trend: ["Trend", "趋势"],
  trendMeans: ["Mean rate of the selected time range, compared with the previous one.", "所选时间范围的平均速率，与上一时段相比。"],
  never: ["never called", "从未调用"],
  neverMeans: ["No requests since its processes started.", "自进程启动以来没有处理过请求。"],

  // Time, instances, dependencies.
  instances: ["Instances", "实例"],
  instance: ["Instance", "实例"],
  host: ["Host", "主机"],
  pool: ["Pool", "连接池"],
  inUse: ["In use", "使用中"],
  most: ["Max", "上限"],
  waits: ["Waits /s", "等待/秒"],
  waited: ["Mean wait", "平均等待"],
  mean: ["Mean", "平均"],
  concurrencyMeans: ["Mean number of concurrent requests: rate × mean latency (Little's law).", "平均并发请求数：速率 × 平均延迟（利特尔法则）。"],
  cpu: ["CPU", "CPU"],
  memory: ["Memory", "内存"],
  differs: ["At least twice the value of the other instances.", "至少为其他实例的两倍。"],
  statuses: ["Statuses", "状态码"],
  status: ["Status", "状态码"],
  method: ["Method", "方法"],

  // Events.
  markDeploy: ["{time} version {text}", "{time} 版本 {text}"],
  markRestart: ["{time} restart", "{time} 重启"],
  markRestarts: ["{time} {n} processes restarted", "{time} {n} 个进程重启"],
  markNote: ["{time} {text}", "{time} {text}"],

  // Charts.
  chartSaturation: ["Saturation", "饱和度"],
  resourceCpu: ["CPU", "CPU"],
  resourceMemory: ["memory", "内存"],
  resourceFds: ["files", "文件描述符"],
  resourcePool: ["pool", "连接池"],
  openRoute: ["Show this route over time", "查看这条路由的趋势"],
  span: ["Time range", "时间范围"],
  before: ["before", "此前"],
  fromTo: ["{from} to {to}", "{from} 至 {to}"],
  chartRate: ["Traffic", "流量"],
  chartErrors: ["Errors", "错误率"],
  chartLatency: ["Latency", "延迟"],
  chartInFlight: ["Concurrency", "并发"],
  otherClass: ["other", "其他"],
  traceHow: ["To link traces, set tacho serve --trace-url to an address with {trace} in it.", "如需链接到追踪，请将 tacho serve --trace-url 设为包含 {trace} 的地址。"],
  chartHeat: ["Latency distribution", "延迟分布"],
  noPoints: ["No data in this time range.", "此时间范围内没有数据。"],
  timeColumn: ["Time", "时间"],

  // Changes.
  changed: ["What changed (vs. the previous {span})", "与前 {span}相比的变化"],
  changedDay: ["What changed (vs. the same {span} of the previous day)", "与前一天同一时段（{span}）相比的变化"],
  changedWeek: ["What changed (vs. the same {span} of the previous week)", "与前一周同一时段（{span}）相比的变化"],
  lastMinute: ["minute", "1 分钟"],
  lastHour: ["hour", "1 小时"],
  lastDay: ["day", "1 天"],
  changedNothing: ["No significant changes.", "没有明显变化。"],
  moreTime: ["takes more time: concurrency {before} → {now}, mean latency {meanBefore} → {mean}, {rateBefore} → {rate} requests/s.", "耗时增加：平均并发 {before} → {now}，平均延迟 {meanBefore} → {mean}，{rateBefore} → {rate} 请求/秒。"],
  lessTime: ["takes less time: concurrency {before} → {now}, mean latency {meanBefore} → {mean}, {rateBefore} → {rate} requests/s.", "耗时减少：平均并发 {before} → {now}，平均延迟 {meanBefore} → {mean}，{rateBefore} → {rate} 请求/秒。"],
  moreErrors: ["fails more often: {before} → {now}, {rate} errors/s.", "错误率上升：{before} → {now}，每秒 {rate} 个错误。"],
  fewerErrors: ["fails less often: {before} → {now}, {rate} errors/s.", "错误率下降：{before} → {now}，每秒 {rate} 个错误。"],
  sinceWhen: ["Since {time}.", "自 {time} 起。"],
  onlyInstance: ["Only {instance}: {value} ({other}: {next}).", "仅 {instance}：{value}（{other}：{next}）。"],

  // Explore.
  explore: ["Explore", "探索"],
  series: ["Series", "序列"],
  result: ["Result", "结果"],

  // Lists.
  alerts: ["Alerts", "告警"],
  firing: ["firing", "触发中"],
  pending: ["pending", "待触发"],
  since: ["since {time} ({age})", "自 {time} 起（{age}）"],
  more: ["{n} more", "另有 {n} 项"],

  // Alerts and targets.
  whyFired: ["Alert expression and threshold", "告警表达式与阈值"],
  value: ["value", "数值"],
  limit: ["threshold", "阈值"],
  alert: ["Alert", "告警"],
  labels: ["Labels", "标签"],
  error: ["Error", "错误"],
  targetNearlyLateMeans: ["A scrape takes more than 80% of its timeout. A target that exceeds it is down: raise scrape_timeout, or export less.", "抓取耗时超过超时时间的 80%。一旦超时，目标即视为抓取失败：请增大 scrape_timeout，或减少导出的数据。"],

  // No data.
  emptyTitle: ["No data yet", "还没有数据"],
  emptyText: ["This Prometheus responds, but has no request metrics with names that tacho knows, and does not list its targets.", "此 Prometheus 有响应，但没有 tacho 支持的请求指标，也未列出抓取目标。"],
  standingTitle: ["No data in this time range", "此时间范围内没有数据"],
  standingText: ["Nothing was recorded at its end. Choose another time range, or go live.", "该时间范围的末尾没有数据。请选择其他时间范围，或切换到实时。"],
  loading: ["Loading…", "正在加载…"],

  // API errors.
  gone: ["The server does not respond.", "服务器没有响应。"],
  goneHow: ["Is it still running? The page retries automatically.", "请确认它仍在运行。页面会自动重试。"],
  starting: ["The server is starting and does not answer queries yet.", "服务器正在启动，暂时无法响应查询。"],
  startingHow: ["The page retries automatically.", "页面会自动重试。"],
  timedOut: ["The query timed out after {age}.", "查询超时（{age}）。"],
  timedOutHow: ["Recording rules make it faster; tacho serve includes them.", "记录规则可以加快查询；tacho serve 已内置。"],
  canceled: ["Query canceled.", "查询已取消。"],
  canceledHow: ["A shorter time range loads faster.", "缩短时间范围可加快查询。"],
  query: ["The query failed:", "查询失败："],
  queryHow: ["The page retries automatically.", "页面会自动重试。"],
  denied: ["The API denies access:", "API 拒绝访问："],
  deniedHow: ["Sign in to the server, then reload this page.", "请先登录服务器，然后重新加载此页面。"],
  foreign: ["There is no Prometheus API at {url}:", "{url} 处没有 Prometheus API："],
  foreignHow: ["Set Options.APIPath to its path.", "请将 Options.APIPath 设为其路径。"],
  kept: ["Showing data from {time}.", "以下为 {time} 的数据。"],

  // Data source.
  fromRecorded: ["Data from recording rules.", "数据来自记录规则。"],
  fromRaw: ["No rates from recording rules: computed from http_requests_total and http_request_duration_seconds over {window}.", "记录规则中没有速率数据，改由 http_requests_total 和 http_request_duration_seconds 按 {window} 窗口计算。"],
  noAlertsAPI: ["This API does not list alerts.", "此 API 不提供告警列表。"],
  behind: ["The engine hides the newest {age}.", "引擎不返回最近 {age}的样本。"],
  noTargetsAPI: ["This API does not report why targets are down.", "此 API 不提供抓取失败的原因。"],
  apiWarning: ["Prometheus warning: {text}", "Prometheus 警告：{text}"],
  howComputed: ["Queries behind these numbers", "数据的查询语句"],
  close: ["Close", "关闭"],

  // The row above a screen.
  parts: ["Parts of this service", "此服务的各个页面"],
  tabSummary: ["Summary", "概览"],
  tabTime: ["Where the time goes", "耗时构成"],
  tabEvents: ["Events", "事件"],
  factVersion: ["version {version} for {age}", "版本 {version}，已运行 {age}"],
  factUp: ["{up} of {all} instances up", "{up}/{all} 个实例在线"],
  factRoutes: ["{n} routes", "{n} 条路由"],
  factRate: ["{rate} requests/s", "{rate} 请求/秒"],
  healthyFacts: [" No problem in the last {age}.", "最近 {age}没有异常。"],
  needYou: ["{n} of {all} need attention", "{all} 个服务中有 {n} 个需要处理"],

  // All services.
  service: ["Service", "服务"],
  onlyAll: ["All", "全部"],
  onlyUnhealthy: ["Unhealthy", "异常"],
  onlyIdle: ["Idle", "空闲"],
  show: ["Show", "显示"],
  asCards: ["As cards", "以卡片显示"],
  asTableOf: ["As a table", "以表格显示"],
  errorsShort: ["errors", "错误率"],
  commaMore: [", {n} more", "，另有 {n} 项"],
  healthyRoutes: ["healthy · {n} routes", "正常 · {n} 条路由"],
  // The signals, and what is below them.
  signals: ["Golden signals", "黄金指标"],
  shareOf5xx: ["share of 5xx", "5xx 占比"],
  theFullest: ["the fullest", "占用最高的资源"],
  ofResource: ["{unit} of {name}", "{unit} {name}"],
  wasThen: [" was {value}", " 此前 {value}"],
  commaOther: [" ({instance}: {value})", "（{instance}：{value}）"],
  limitAt: ["limit {value}", "阈值 {value}"],
  notExported: ["Not exported by this service.", "此服务未导出相关指标。"],
  chartBadInstances: ["Errors by instance", "各实例错误率"],
  chartSlowInstances: ["Latency by instance", "各实例延迟"],
  alike: ["alike", "各实例相近"],
  isolate: ["Show only this line", "只显示这条线"],
  moreTools: ["More", "更多"],
  showTable: ["Show as table", "以表格显示"],
  showQuery: ["Show PromQL", "显示 PromQL"],
  saveCSV: ["Save as CSV", "保存为 CSV"],
  fullScreen: ["Full screen", "全屏"],
  copyQuery: ["Copy the query", "复制查询语句"],
  openExplore: ["Open in Explore", "在“探索”中打开"],
  afterStart: ["{age} after the start", "故障开始 {age}后"],
  beforeStart: ["{age} before the start", "故障开始 {age}前"],
  noDependenciesHow: ["Meter.Transport counts outgoing requests.", "Meter.Transport 可统计对外请求。"],
  changedTable: ["Change by route", "各路由变化"],

  // The other language, by its own name.

  // The table of routes, and the screen of one.
  routesHead: ["Routes", "路由"],
  routeColumn: ["Route", "路由"],
  routeWorst: ["Route, worst first", "路由（最差的在前）"],
  glyphColumn: ["Latency, 1 ms to 2 s", "延迟，1 ms 至 2 s"],
  glyphMeans: ["Bar from p50 to p99, dot p95, ring p95 before, dashes the limit; logarithmic.", "横条为 p50 至 p99，圆点为 p95，圆环为此前的 p95，虚线为阈值；采用对数刻度。"],
  lineMeans: ["Rate over the selected time range.", "所选时间范围内的速率。"],
  rateOver: ["Rate over the time range, now {now} requests/s", "时间范围内的速率，当前 {now} 请求/秒"],
  newsColumn: ["Changed", "变化"],
  newsMeans: ["What is wrong and since when; otherwise the rate, compared with the previous time range.", "异常及其开始时间；没有异常时为速率与上一时段相比的变化。"],
  newsErrors: ["failing", "出错"],
  newsLatency: ["slow", "变慢"],
  newsOn: [" on {instance}", "在 {instance} 上"],
  newsSince: ["{what}{place} since {time}", "自 {time} 起{place}{what}"],
  newsBefore: ["{what}{place} since before {time}", "{time} 之前已{place}{what}"],
  newsUntil: ["{what}{place} until {time}", "{place}曾{what}，{time} 恢复"],
  onlyStatus: ["{status} only", "只有 {status}"],
  trendOf: ["rate {change}", "速率 {change}"],
  budgetLeft: ["Budget left", "剩余预算"],
  budgetMeans: ["Smallest error budget left of the objectives.", "各目标中最少的剩余错误预算。"],
  showKinds: ["Show", "显示"],
  only_: ["All", "全部"],
  only_unhealthy: ["Unhealthy", "异常"],
  only_changed: ["Changed", "有变化"],
  only_never: ["Never called", "从未调用"],
  filterHint: ["path, status:5xx, p95>500ms", "路径、status:5xx、p95>500ms"],
  noRouteMatches: ["No route matches.", "没有符合条件的路由。"],
  showAllRoutes: ["Show all", "显示全部"],
  otherRoutes: ["Show the other routes: {n}", "显示其余 {n} 条路由"],
};

/** The languages of the table's columns, as BCP 47 tags. */
export const languages = ["en", "zh-CN"];

let present = 0;

/**
 * learn adds the messages of a screen that is loaded later.
 * @param {Record<string, [string, string]>} more
 */
export function learn(more) {
  Object.assign(messages, more);
}

/**
 * choose sets the language: the requested one, else the first available one of the user's.
 * @param {string} asked the requested language, "" for none
 * @param {readonly string[]} preferred such as navigator.languages
 */
export function choose(asked, preferred) {
  const index = (/** @type {string} */ tag) => languages.findIndex((l) => l.split("-")[0] === tag.toLowerCase().split("-")[0]);
  present = [asked, ...preferred].map(index).find((i) => i >= 0) ?? 0;
  return languages[present];
}

/** other is the language not in use. */
export const other = () => languages[1 - present];

/** gap is what stands between two sentences: Chinese has no space. */
export const gap = () => (present ? "" : " ");

/**
 * say returns a message by its key, with the values filled in.
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 */
export function say(key, values = {}) {
  const text = messages[key]?.[present] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

/**
 * inLanguage returns the text in the user's language.
 * @param {string[]} texts in the order of languages
 */
export const inLanguage = (texts) => texts[present];
