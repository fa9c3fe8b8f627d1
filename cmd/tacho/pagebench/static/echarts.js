import { begin, columns, later, panels, points, step } from "./data.js";

const { echarts } = window;
let at = begin;
const all = Array.from({ length: panels }, () => {
  const element = document.createElement("div");
  element.className = "one";
  document.getElementById("charts").append(element);
  return element;
}).map((element) => echarts.init(element));
echarts.connect(all);

const data = (column) => column.map((v, i) => [(at + i * step) * 1000, v]);

all.forEach((c, p) => c.setOption({
  animation: false, title: { text: `panel ${p}` }, legend: {}, tooltip: { trigger: "axis" }, xAxis: { type: "time" }, yAxis: { type: "value" },
  series: columns[p].map((column, s) => ({ name: `line ${s}`, type: "line", showSymbol: false, sampling: "lttb", lineStyle: { width: 1.5 }, data: data(column) })),
}));
window.tick = () => {
  later();
  at += step;
  all.forEach((c, p) => c.setOption({ series: columns[p].map((column) => ({ data: data(column) })) }));
};
window.ready = points > 0;
