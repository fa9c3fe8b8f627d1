// 10,000 routes in the page's own table: with those rows in the document that can be
// seen, or with ?all in the address with all of them.
import { recorded } from "../queries.js";
import { routeTable } from "../table.js";
import { firstView } from "../view.js";

const whole = location.search === "?all";
const table = routeTable(() => {}, whole ? Infinity : undefined);
document.getElementById("table").append(table.element);
let seed = 7;
const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
const routes = Array.from({ length: 10_000 }, (_, i) => ({
  key: String(i), method: "GET", path: `/api/v1/resource${i}/:id`, apart: "", state: "healthy", rate: random() * 100, errorRate: 0, errorRatio: random() / 100,
  seconds: random(), share: random() / 10_000, p50: random() / 10, p95: random(), p99: random() * 2,
}));
const service = { key: "big", job: "big", schema: "", names: "default", routes, lastBound: 10 };
const show = (view) => table.update({ view, at: 0, source: recorded, config: { schemas: [] }, ask: () => ({ value: { samples: [] } }) }, service, []);
const orders = ["rate", "p95", "errorRatio", "p50", "p99", "share"];
let turn = 0;
show({ ...firstView, sort: "rate", descending: true });
window.tick = () => { turn++; show({ ...firstView, sort: orders[turn % orders.length], descending: turn % 2 === 0 }); };
window.ready = true;
