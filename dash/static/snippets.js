// How a service exports metrics: one line for each framework, as the documentation has it. A test of package
// dash compares them. Pure.

/**
 * A Snippet is a framework's name, or the message that names it, and lines of code: those to add, and those
 * that stand around them.
 * @typedef {{key: string, name: string, say?: boolean, lines: {text: string, add?: boolean}[]}} Snippet
 */

/** @type {Snippet[]} */
export const snippets = [
  { key: "gin", name: "Gin", lines: [{ text: "r := gin.Default()" }, { text: "tachogin.Use(r, tacho.Options{}) // middleware, /metrics, and every route at zero", add: true }, { text: "r.GET(\"/users/:id\", getUser)" }] },
  {
    key: "nethttp", name: "net/http", lines: [
      { text: "m := tacho.MustNew(tacho.Options{})", add: true }, { text: "mux := http.NewServeMux()" }, { text: "mux.HandleFunc(\"GET /users/{id}\", getUser)" },
      { text: "mux.Handle(\"GET /metrics\", m.Metrics())", add: true }, { text: "http.ListenAndServe(\"127.0.0.1:8080\", m.Handler(mux))", add: true },
    ],
  },
  { key: "echo", name: "Echo", lines: [{ text: "e := echo.New()" }, { text: "m := tachoecho.Use(e, tacho.Options{}) // Echo v5; tachoechov4 for Echo v4", add: true }] },
  { key: "fiber", name: "Fiber", lines: [{ text: "app := fiber.New()" }, { text: "m := tachofiber.Use(app, tacho.Options{}) // Fiber v3; tachofiberv2 for Fiber v2", add: true }] },
  { key: "hertz", name: "Hertz", lines: [{ text: "m := tachohertz.Use(h, tacho.Options{})", add: true }] },
  { key: "flask", name: "Flask", lines: [{ text: "from prometheus_flask_exporter import PrometheusMetrics", add: true }, { text: "app = Flask(__name__)" }, { text: "metrics = PrometheusMetrics(app)", add: true }] },
  { key: "gunicorn", name: "Gunicorn", lines: [{ text: "tacho multiproc --dir shop=/run/shop --dir blog=/run/blog", add: true }] },
  { key: "ready", name: "hasMetrics", say: true, lines: [] },
];

/**
 * commandOf is the command that scrapes a service.
 * @param {string} address as it was typed
 * @param {string} name as it was typed, "" for host and port
 */
export function commandOf(address, name) {
  const [at, job] = [address.trim() || "localhost:8080", name.trim()];
  return `tacho serve ${quoted(job ? `${job}=${at}` : at)}`;
}

/** quoted is a word for a shell. */
const quoted = (/** @type {string} */ text) => (/^[\w.:/=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
