// Everything the page says at first, in one table (latermessages.js has the rest): in English and in Chinese. {words in braces} are filled
// in; no sentence depends on a plural. Names of metrics, labels and PromQL are not translated.

/** @type {Record<string, [string, string]>} */
export const messages = {
  lastGood: ["Last good answer:", "最近一次有效数据："],
  waiting: ["waiting for an answer, {age} so far", "正在等待应答，已 {age}"],
  ago: ["({age} ago)", "（{age}前）"],

  cancel: ["Cancel", "取消"],
  askAgain: ["Ask again", "重新查询"],

  // Where one can go, and the controls.
  navigation: ["Pages", "页面"],
  controls: ["Time and appearance", "时间与外观"],
  services: ["Services", "服务"],
  alertsAndTargets: ["Alerts and targets", "告警与目标"],
  filterServices: ["Filter services", "筛选服务"],
  pause: ["❚❚ Pause", "❚❚ 暂停"],
  pauseMeans: ["Keep this span: the address then shows the same to others.", "固定此时间范围：此后复制地址，他人看到的内容相同。"],
  goLive: ["▶ Live", "▶ 实时"],
  goLiveMeans: ["Follow the clock again.", "重新跟随时钟。"],
  between: ["From … to …", "从 … 到 …"],
  from: ["From", "从"],
  to: ["To", "到"],
  spanWrong: ["The end must be at least 30 s after the beginning, and at most ten years.", "结束时间必须晚于开始时间至少 30 秒，至多十年。"],
  compare: ["Compare with", "对比"],
  compareNone: ["No comparison", "不对比"],
  compareBefore: ["With the period before", "与此前同长时段"],
  compareDay: ["With the day before", "与前一天"],
  compareWeek: ["With the week before", "与前一周"],
  theme: ["Colours", "配色"],
  themeSystem: ["Colours: system", "配色：跟随系统"],
  themeLight: ["Light", "浅色"],
  themeDark: ["Dark", "深色"],
  zone: ["Time zone", "时区"],
  zoneOwn: ["This browser's zone ({zone})", "浏览器时区（{zone}）"],

  // States, each with what it means.
  well: ["well", "正常"],
  errors: ["errors", "出错"],
  slow: ["slow", "缓慢"],
  idle: ["idle", "空闲"],
  down: ["down", "抓取失败"],
  partDown: ["{down} of {all} down", "{all} 个中 {down} 个抓取失败"],
  noData: ["no data", "无数据"],
  wellMeans: ["Up, answering, and no route is past the limits of errors or latency.", "目标在线、有应答，没有路由超出错误或延迟的界限。"],
  errorsMeans: ["At least {ratio} of a route's answers have a status of 500 or above, and at least {rate} of them a second.", "某条路由至少 {ratio} 的应答状态码不低于 500，且每秒至少 {rate} 个。"],
  slowMeans: ["One in twenty requests of a route takes {latency} or longer.", "某条路由每二十个请求中有一个耗时达到或超过 {latency}。"],
  idleMeans: ["No request in the window.", "时间窗口内没有请求。"],
  downMeans: ["Prometheus cannot scrape it.", "Prometheus 无法抓取它。"],
  noDataMeans: ["The target answers, but there are no request rates. They need two scrapes within the rates' window, and metrics with names that tacho knows.", "目标有应答，但没有请求速率。速率需要在其窗口内抓取两次，以及 tacho 认识的指标名称。"],

  // Why a service is in its state.
  whyErrors: ["{route}: {ratio} errors", "{route}：{ratio} 出错"],
  whySlow: ["{route}: p95 is {latency}", "{route}：p95 为 {latency}"],
  whole: ["all routes together", "所有路由合计"],
  whyWell: ["", ""],
  whyIdle: ["no request in the window", "时间窗口内没有请求"],
  whyDown: ["Prometheus cannot scrape it", "Prometheus 无法抓取它"],
  whyNoData: ["the target answers, but there are no request rates: they need two scrapes within the rates' window, and metrics with names that tacho knows", "目标有应答，但没有请求速率：需要在速率窗口内抓取两次，以及 tacho 认识的指标名称"],
  whyNoRates: ["its requests are counted, but scraped or pushed too rarely for a rate: alerts on them cannot fire", "有请求计数，但抓取或推送间隔太长，算不出速率：相关告警不会触发"],
  andMore: ["{why}; other routes too: {n}", "{why}；另有 {n} 条路由"],

  // The sentence at the top.
  allWell: ["All services are well.", "所有服务正常。"],
  nothingWrong: ["Nothing is wrong; no traffic at: {jobs}.", "没有异常；没有流量的服务：{jobs}。"],
  wellButAlerts: ["No service is past its limits now, but alerts are firing: {n}.", "目前没有服务超出界限，但有 {n} 条告警正在触发。"],
  notWell: ["Not well: {jobs}.", "不正常：{jobs}。"],
  jobIs: ["{job} ({state})", "{job}（{state}）"],
  both: ["{one}, {other}", "{one}，{other}"],

  // Tiles and columns.
  rate: ["Rate", "速率"],
  rateUnit: ["requests/s", "请求/秒"],
  errorRatio: ["Errors", "错误"],
  p50: ["p50", "p50"],
  p95: ["p95", "p95"],
  p99: ["p99", "p99"],
  inFlight: ["In flight", "处理中"],
  targets: ["Targets", "目标"],
  targetsUp: ["{n} up", "{n} 个在线"],
  targetsSome: ["{up} up, {down} down", "{up} 个在线，{down} 个失败"],
  state: ["State", "状态"],
  route: ["Route", "路由"],
  rateColumn: ["Rate /s", "速率 /秒"],
  share: ["Time share", "耗时占比"],
  rateMeans: ["Requests per second over the window.", "时间窗口内每秒的请求数。"],
  errorRatioMeans: ["Share of answers with a status of 500 or above. 499, client gone, is no error.", "状态码不低于 500 的应答所占比例。499（客户端已离开）不算错误。"],
  p50Means: ["Half of the requests take at most this long.", "一半的请求耗时不超过此值。"],
  p95Means: ["95 of 100 requests take at most this long.", "每 100 个请求中 95 个耗时不超过此值。"],
  p99Means: ["99 of 100 requests take at most this long.", "每 100 个请求中 99 个耗时不超过此值。"],
  inFlightMeans: ["Requests being served now.", "此刻正在处理的请求。"],
  targetsMeans: ["Processes that Prometheus scrapes.", "Prometheus 抓取的进程。"],
  stateMeans: ["errors: at least {ratio} of the answers; slow: p95 of {latency} or more.", "出错：至少 {ratio} 的应答；缓慢：p95 达到或超过 {latency}。"],
  routeMeans: ["Method and route template.", "方法和路由模板。"],
  shareMeans: ["Share of the time that the service spends on all its requests.", "占服务处理全部请求所用时间的比例。"],
  beyond: ["≥ {latency}", "≥ {latency}"],
  within: ["≤ {latency}", "≤ {latency}"],
  withinMeans: ["Within the histogram's first bucket: it may be far less.", "落在直方图的第一个桶内：实际可能小得多。"],
  beyondMeans: ["Beyond the histogram's last bucket: it may be far more.", "超出直方图的最后一个桶：实际可能大得多。"],
  tableOf: ["Routes of {job}", "{job} 的路由"],
  schemaOf: ["names: {schema}", "名称：{schema}"],
  unmatched: ["(no route matched)", "（没有匹配的路由）"],
  unknown: ["(no router in sight)", "（看不到路由器）"],
  overflow: ["(past the limit of series)", "（超出序列上限）"],
  noJob: ["(no job)", "（没有 job）"],
  routesShown: ["Routes shown: {n} of {all}", "显示的路由：{n} / {all}"],
  filter: ["Filter routes", "筛选路由"],
  filtered: ["Services shown: {n} of {all}", "显示的服务：{n} / {all}"],

  overWindow: ["Over {window}.", "时间窗口：{window}。"],
  overRules: ["Over the rules' window: four scrapes, at least 1 min.", "时间窗口由规则决定：四次抓取，至少 1 分钟。"],
  meanOf: ["{span}: {mean}", "{span}：{mean}"],
  meanMoved: ["{span}: {mean}, {change}", "{span}：{mean}，{change}"],
  deltaMeans: ["The mean of the chosen span, and how it compares with the span before.", "所选时间范围的平均值，以及与此前范围的比较。"],
  sparkOf: ["{job}: rate over the span, now {now} requests/s; errors below", "{job}：所选范围内的速率，目前 {now} 请求/秒；下方为错误"],
  bytes: ["Bytes /s", "字节 /秒"],
  bytesMeans: ["Bytes of answers per second.", "每秒应答的字节数。"],
  trend: ["Trend", "趋势"],
  trendMeans: ["Mean rate of the chosen span against that of the span before.", "所选时间范围的平均速率与此前范围相比。"],
  never: ["never called", "从未调用"],
  neverMeans: ["It has served nothing since its processes began.", "自进程启动以来没有处理过请求。"],

  // Where the time goes.
  bottleneck: ["Where the time goes, by route", "时间花在哪些路由"],
  instances: ["Instances", "实例"],
  instance: ["Instance", "实例"],
  outgoing: ["What it asks of others", "对外请求"],
  host: ["Host", "主机"],
  allHosts: ["(all hosts)", "（所有主机）"],
  pools: ["Database pools", "数据库连接池"],
  pool: ["Pool", "连接池"],
  noName: ["(no name)", "（无名称）"],
  inUse: ["In use", "使用中"],
  most: ["Most", "上限"],
  waits: ["Waits /s", "等待 /秒"],
  waited: ["Mean wait", "平均等待"],
  poolFull: ["All connections are in use: requests wait for one.", "所有连接都在使用：请求在等待连接。"],
  mean: ["Mean", "平均"],
  underWay: ["Under way", "平均并发"],
  underWayMeans: ["Requests under way on average: rate × mean latency (Little's law).", "平均同时处理的请求数：速率 × 平均延迟（利特尔法则）。"],
  timeDeltaMeans: ["Time spent, against the span before.", "耗时与此前范围相比。"],
  cpu: ["CPU", "CPU"],
  memory: ["Memory", "内存"],
  upSince: ["Up for", "运行时长"],
  differs: ["At least twice as much as in its siblings.", "至少是其他实例的两倍。"],
  statuses: ["Statuses", "状态码"],
  status: ["Status", "状态码"],
  methods: ["Methods of this path", "此路径的方法"],
  method: ["Method", "方法"],
  ofAll: ["Of all", "占比"],

  // What happened.
  happened: ["What happened in this span: deployments, restarts, notes", "此时间范围内发生了什么：部署、重启、备注"],
  markDeploy: ["{time} version {text}", "{time} 版本 {text}"],
  markRestart: ["{time} restart", "{time} 重启"],
  markRestarts: ["{time} restart of {n} processes", "{time} {n} 个进程重启"],
  markNote: ["{time} {text}", "{time} {text}"],

  // Charts.
  chartSaturation: ["Saturation: the fullest instance", "饱和度：最满的实例"],
  resourceCpu: ["CPU", "CPU"],
  resourceMemory: ["memory", "内存"],
  resourceFds: ["file descriptors", "文件描述符"],
  resourcePool: ["database pool", "数据库连接池"],
  openRoute: ["Show this route over time", "查看这条路由的趋势"],
  span: ["Span of time", "时间范围"],
  before: ["before", "此前"],
  fromTo: ["{from} to {to}", "{from} 至 {to}"],
  chartRate: ["Requests per second, by status", "每秒请求数，按状态"],
  chartErrors: ["Errors, share of requests", "应答为 4xx 和 5xx 的请求比例"],
  chartLatency: ["Latency", "延迟"],
  chartInFlight: ["In flight", "处理中"],
  otherClass: ["other", "其他"],
  noTraces: ["No request in this span has left one: exemplars are an option of the library.", "此范围内没有请求留下追踪：exemplar 是库的一个选项。"],
  traceHow: ["tacho serve --trace-url links them: an address with {trace} in it.", "使用 tacho serve --trace-url 可将其变为链接：地址中须包含 {trace}。"],
  traces: ["Traces of the slowest requests", "最慢请求的追踪"],
  chartHeat: ["Latency, distribution", "延迟分布"],
  slowerThan: ["over {from}", "超过 {from}"],
  mostAre: ["Most take {bucket} now.", "目前大多数为 {bucket}。"],
  noPoints: ["No data in this span.", "此范围内没有数据。"],
  noErrors: ["None in this span.", "此范围内没有。"],
  asTable: ["As a table, and how it is computed", "以表格查看，以及如何计算"],
  timeColumn: ["Time", "时间"],

  // What has changed.
  changed: ["Where the time goes now, against the {span} before", "与此前 {span} 相比，时间花在了哪里"],
  changedDay: ["Where the time goes now, against the same {span} of the day before", "与前一天同一 {span} 相比，时间花在了哪里"],
  changedWeek: ["Where the time goes now, against the same {span} of the week before", "与前一周同一 {span} 相比，时间花在了哪里"],
  changedNothing: ["No route differs much.", "没有明显变化的路由。"],
  moreTime: ["takes more time: {before} → {now} requests under way on average; mean {meanBefore} → {mean}, {rateBefore} → {rate} requests/s.", "耗时增加：平均同时处理 {before} → {now} 个请求；平均延迟 {meanBefore} → {mean}，{rateBefore} → {rate} 请求/秒。"],
  lessTime: ["takes less time: {before} → {now} requests under way on average; mean {meanBefore} → {mean}, {rateBefore} → {rate} requests/s.", "耗时减少：平均同时处理 {before} → {now} 个请求；平均延迟 {meanBefore} → {mean}，{rateBefore} → {rate} 请求/秒。"],
  moreErrors: ["fails more: {before} → {now}, {rate} errors/s.", "错误增加：{before} → {now}，每秒 {rate} 个错误。"],
  fewerErrors: ["fails less: {before} → {now}, {rate} errors/s.", "错误减少：{before} → {now}，每秒 {rate} 个错误。"],
  sinceWhen: ["Since {time}.", "自 {time} 起。"],
  inInstance: ["In {instance}: {value}; the next one has {next}.", "出在 {instance}：{value}；其次为 {next}。"],

  // Explore.
  explore: ["Explore", "探索"],
  series: ["Series", "序列"],
  run: ["Show", "显示"],
  answer: ["Answer", "结果"],

  // Lists.
  alerts: ["Alerts", "告警"],
  firing: ["firing", "触发中"],
  pending: ["pending", "待触发"],
  someFiring: ["{firing} firing, {pending} pending", "{firing} 条触发中，{pending} 条待触发"],
  times: ["× {n}", "× {n}"],
  since: ["since {time} ({age})", "自 {time}（{age}）"],
  runbook: ["What to do", "怎么办"],
  targetsDown: ["Targets that cannot be scraped", "无法抓取的目标"],
  noError: ["Prometheus does not say why.", "Prometheus 没有说明原因。"],
  more: ["and more: {n}", "还有：{n}"],

  // Alerts and targets.
  whyFired: ["What the rule looks at, and its limit", "规则所看的数据及其界限"],
  value: ["value", "数值"],
  limit: ["limit", "界限"],
  alert: ["Alert", "告警"],
  labels: ["Labels", "标签"],
  rule: ["Rule", "规则"],
  error: ["Error", "错误"],
  targetNearlyLateMeans: ["A scrape takes more than 80 % of the time that it may take. When it takes longer, the target counts as down: raise scrape_timeout, or let it export less.", "抓取耗时超过时限的 80 %。一旦超时，目标即视为抓取失败：请放宽 scrape_timeout，或减少导出的数据。"],

  // Nothing to show yet.
  noTarget: ["No target yet", "还没有目标"],
  noTargetText: ["Prometheus scrapes no service. Add yours, with its address:", "Prometheus 没有抓取任何服务。加入你的服务，写上它的地址："],
  noTargetDemo: ["Or watch a demo:", "或者看一个演示："],
  waitingTitle: ["No data yet", "还没有数据"],
  waitingText: ["Waiting for the first scrape of:", "等待第一次抓取："],
  emptyTitle: ["No data yet", "还没有数据"],
  emptyText: ["This Prometheus answers, but has no request metrics of a name that tacho knows, and does not say what it scrapes.", "这个 Prometheus 有应答，但没有 tacho 认识其名称的请求指标，也没有说明它在抓取什么。"],
  standingTitle: ["No data in this span", "此时间范围内没有数据"],
  standingText: ["Nothing was recorded at its end. Choose another span, or go live.", "其结束时刻没有记录。请选择其他时间范围，或切换到实时。"],
  loading: ["Asking for the numbers…", "正在读取数据…"],

  // What can be wrong with the API.
  gone: ["The server does not answer.", "服务器没有应答。"],
  goneHow: ["Is it still running? The page asks again by itself.", "它还在运行吗？页面会自动重试。"],
  starting: ["The server is starting: it does not answer queries yet.", "服务器正在启动：还不能回答查询。"],
  startingHow: ["The page asks again by itself.", "页面会自动重试。"],
  slowAnswer: ["The query took longer than {age} and was given up.", "查询超过 {age}，已放弃。"],
  slowAnswerHow: ["Recording rules make it fast; tacho serve has them.", "记录规则能让它变快；tacho serve 自带这些规则。"],
  cancelled: ["The question was called off.", "查询已取消。"],
  cancelledHow: ["A shorter span is answered sooner.", "缩短时间范围可以更快得到结果。"],
  query: ["The query failed:", "查询失败："],
  queryHow: ["The page asks again by itself.", "页面会自动重试。"],
  denied: ["The API refuses the page:", "API 拒绝了页面："],
  deniedHow: ["Sign in where the server asks for it, then load this page again.", "请在服务器要求的地方登录，然后重新加载此页。"],
  foreign: ["There is no Prometheus API at {url}:", "{url} 没有 Prometheus API："],
  foreignHow: ["Options.APIPath says where it is.", "Options.APIPath 说明它在哪里。"],
  kept: ["Below is what was true at {time}.", "下面是 {time} 时的情况。"],

  // Where the numbers come from.
  fromRecorded: ["Numbers from recording rules.", "数据来自记录规则。"],
  fromRaw: ["No rates from recording rules: computed from http_requests_total and http_request_duration_seconds over {window}.", "记录规则没有给出速率：由 http_requests_total 和 http_request_duration_seconds 按 {window} 计算。"],
  noAlertsAPI: ["This API does not list alerts.", "这个 API 不列出告警。"],
  noTargetsAPI: ["This API does not say why targets are down.", "这个 API 不说明目标失败的原因。"],
  warning: ["Prometheus warns: {text}", "Prometheus 警告：{text}"],
  howComputed: ["How the numbers are computed", "数据如何计算"],
  ofService: ["{name}, whole service", "{name}，整个服务"],
  queryRate: ["Rate", "速率"],
  queryErrors: ["Errors (a rate; divided by the rate above)", "错误（速率；再除以上面的速率）"],
  queryStatusless: ["Series without a status", "没有状态码的序列"],
  querySeconds: ["Time (seconds of latency per second)", "耗时（每秒累计的延迟秒数）"],
  queryInFlight: ["In flight", "处理中"],
  queryBounds: ["Bounds of the buckets", "桶的边界"],
  queryTargets: ["Targets", "目标"],
  queryDown: ["Targets down", "失败的目标"],

  // The other language, in itself.
  language: ["中文", "English"],
};

/** The languages, as documents name them, in the order of the table. */
export const languages = ["en", "zh-CN"];

let present = 0;

/**
 * learn adds the messages of a screen that comes later.
 * @param {Record<string, [string, string]>} more
 */
export function learn(more) {
  Object.assign(messages, more);
}

/**
 * choose sets the language: the one that is asked for, or the first of the
 * person's that there is.
 * @param {string} asked "" for none
 * @param {readonly string[]} preferred such as navigator.languages
 */
export function choose(asked, preferred) {
  const index = (/** @type {string} */ tag) => languages.findIndex((l) => l.split("-")[0] === tag.toLowerCase().split("-")[0]);
  present = [asked, ...preferred].map(index).find((i) => i >= 0) ?? 0;
  return languages[present];
}

/** other is the language that is not in use. */
export const other = () => languages[1 - present];

/**
 * say returns the message of a key with the values filled in.
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 */
export function say(key, values = {}) {
  const text = messages[key]?.[present] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

/**
 * inLanguage returns the one of the texts that the person reads.
 * @param {string[]} texts in the order of languages
 */
export const inLanguage = (texts) => texts[present];
