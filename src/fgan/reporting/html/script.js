"use strict";
const { charts, tradeOff } = JSON.parse(document.getElementById("page-data").textContent);
const hidden = { groups: new Set(), seeds: new Set() };
const chosen = tradeOff ? { x: tradeOff.x, y: tradeOff.y } : null;
const curves = [...document.querySelectorAll("#curves [data-chart]")].map((figure) => figure.dataset.chart);
let smoothing = 0;
// Plotly's own bar has a button that uploads a chart to its makers' servers. What is in a report stays in it.
const OPTIONS = {
  responsive: true, displaylogo: false, displayModeBar: true, showSendToCloud: false, plotlyServerURL: "",
  modeBarButtons: [["toImage"], ["zoom2d", "pan2d", "resetScale2d"]],
};

// What is shown: a run with its group and its seed, a mean or a graph with any of its groups.

function isShown({ group, seed, groups } = {}) {
  if (groups) return groups.some((one) => !hidden.groups.has(one));
  return !hidden.groups.has(group) && !hidden.seeds.has(String(seed));
}

function showAll() {
  for (const element of document.querySelectorAll("main [data-group], main [data-groups]")) {
    const { group, seed, groups } = element.dataset;
    element.hidden = !isShown({ group, seed, groups: groups && [groups] });
  }
  for (const button of document.querySelectorAll("[data-filter]")) {
    button.setAttribute("aria-pressed", !hidden[button.dataset.filter].has(button.dataset.value));
  }
  drawAll();
}

for (const button of document.querySelectorAll("[data-filter]")) {
  const { filter, value } = button.dataset;
  button.addEventListener("click", () => {
    if (!hidden[filter].delete(value)) hidden[filter].add(value);
    showAll();
  });
  button.addEventListener("dblclick", () => {
    const others = [...document.querySelectorAll(`[data-filter="${filter}"]`)].map((one) => one.dataset.value);
    hidden[filter] = new Set(others.filter((one) => one !== value));
    showAll();
  });
}
document.getElementById("all").addEventListener("click", () => {
  hidden.groups.clear();
  hidden.seeds.clear();
  showAll();
});

// Charts: each is drawn anew, keeping its zoom, whenever what is shown, the theme or a control changes.

function smooth(values) {
  if (!smoothing) return values;
  let mean = 0, weight = 0;
  return values.map((value) => {
    if (value === null) return null;
    mean = smoothing * mean + (1 - smoothing) * value;
    weight = smoothing * weight + 1 - smoothing;
    return mean / weight;
  });
}

function bars([value, low, high], faint) {
  return {
    type: "data", symmetric: false, array: [high - value], arrayminus: [value - low],
    thickness: faint ? 0.6 : 1.4, width: faint ? 0 : 4,
  };
}

function point({ name, color, mean, meta, metrics }, labelled) {
  const [x, y] = [metrics[chosen.x], metrics[chosen.y]];
  if (!x || !y) return [];
  const text = [x, y].map(([value, low, high]) => `${value} [${low}, ${high}]`);
  return [{
    x: [x[0]], y: [y[0]], error_x: bars(x, !mean && !labelled), error_y: bars(y, !mean && !labelled), name, meta, labelled,
    mode: "markers", cliponaxis: false,
    marker: { color, size: mean || labelled ? 13 : 7, opacity: mean || labelled ? 1 : 0.65 },
    hovertemplate: `<b>%{fullData.name}</b><br>${chosen.x} ${text[0]}<br>${chosen.y} ${text[1]}<extra></extra>`,
  }];
}

function tradeOffChart() {
  const means = tradeOff.points.some(({ mean }) => mean);
  const few = new Set(tradeOff.points.map(({ name }) => name)).size <= 40;
  const traces = tradeOff.points.flatMap((one) => point(one, few && (one.mean || !means)));
  const real = { name: "real samples", color: "#8a8f98", mean: true, meta: { groups: [null] }, metrics: tradeOff.floors };
  for (const star of point(real, true)) traces.push({ ...star, marker: { ...star.marker, symbol: "star" } });
  const axes = Object.fromEntries(tradeOff.axes);
  // Another pair of axes is another picture, with a zoom of its own.
  const layout = { xaxis: { title: { text: axes[chosen.x] } }, yaxis: { title: { text: axes[chosen.y] } } };
  return { traces, layout, revision: chosen.x + chosen.y };
}

function themed(layout) {
  const style = getComputedStyle(document.documentElement);
  const [text, line, ground, raised] = ["--text", "--line", "--ground", "--raised"].map((name) => style.getPropertyValue(name));
  const axis = { gridcolor: line, zerolinecolor: line, linecolor: line, automargin: true, exponentformat: "power" };
  return {
    ...layout,
    xaxis: { ...axis, ...layout.xaxis },
    yaxis: { ...axis, ...layout.yaxis },
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: style.fontFamily, size: 12, color: text },
    hoverlabel: { bgcolor: raised, bordercolor: line, font: { color: text } },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: line, activecolor: text },
    margin: { l: 48, r: 16, t: 14, b: 46 },
    hovermode: "closest", showlegend: false, dragmode: "zoom",
  };
}

function draw(figure) {
  const key = figure.dataset.chart;
  const { traces, layout, revision } = key === "trade-off" ? tradeOffChart() : charts[key];
  const isCurve = curves.includes(key);
  const shown = traces.map((trace) => ({
    hovertemplate: "<b>%{fullData.name}</b><br>%{x:.4~g}: %{y:.4~g}<extra></extra>",
    type: "scatter",
    ...trace,
    ...(isCurve && { y: smooth(trace.y) }),
    visible: isShown(trace.meta),
  }));
  const div = figure.querySelector(".plot");
  if (layout.height) div.style.height = `${layout.height}px`;
  Plotly.react(div, shown, { ...themed(layout), uirevision: revision ?? key }, OPTIONS);
  if (key === "trade-off") labelled(div);
  if (isCurve && !div.linked) {
    div.linked = true;
    div.on("plotly_relayout", (change) => zoomAll(div, change));
  }
}

function drawAll() {
  for (const figure of document.querySelectorAll("[data-chart]:not([hidden])")) draw(figure);
}

let zoom = "all";
function zoomAll(source, change) {
  const range = change["xaxis.range"] ?? (change["xaxis.range[0]"] !== undefined && [change["xaxis.range[0]"], change["xaxis.range[1]"]]);
  const wanted = range ? range.join() : change["xaxis.autorange"] ? "all" : zoom;
  if (wanted === zoom) return; // nothing of the x axis, or the echo of what is set below
  zoom = wanted;
  for (const key of curves) {
    const { layout } = charts[key];
    layout.xaxis = { ...layout.xaxis, range: range || undefined, autorange: !range };
    const div = document.querySelector(`[data-chart="${CSS.escape(key)}"]:not([hidden]) .plot`);
    if (div && div !== source) Plotly.relayout(div, range ? { "xaxis.range": [...range] } : { "xaxis.autorange": true });
  }
}

for (const button of document.querySelectorAll("[data-metric]")) {
  button.addEventListener("click", () => {
    const figure = document.querySelector(`[data-chart="${CSS.escape(button.dataset.metric)}"]`);
    figure.hidden = !figure.hidden;
    button.setAttribute("aria-pressed", !figure.hidden);
    if (!figure.hidden) draw(figure);
    for (const plot of document.querySelectorAll("#curves [data-chart]:not([hidden]) .plot")) Plotly.Plots.resize(plot);
  });
}
for (const axis of ["x", "y"]) {
  document.getElementById(`axis-${axis}`)?.addEventListener("change", (event) => {
    chosen[axis] = event.target.value;
    draw(document.querySelector('[data-chart="trade-off"]'));
  });
}
document.getElementById("smooth")?.addEventListener("input", (event) => {
  smoothing = Number(event.target.value);
  for (const figure of document.querySelectorAll("#curves [data-chart]:not([hidden])")) draw(figure);
});
document.getElementById("size")?.addEventListener("input", (event) => {
  document.documentElement.style.setProperty("--size", `${event.target.value}px`);
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);

// Tables: a click on a heading sorts, the better first; another click reverses the order.

function valueOf(row, column) {
  const cell = row.cells[column];
  const text = cell.dataset.value ?? cell.textContent.trim();
  const number = Number(text);
  return text === "" || text === "–" ? null : Number.isNaN(number) ? text : number;
}

function compare(a, b) {
  return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
}

function sortBy(heading) {
  const table = heading.closest("table");
  const before = heading.getAttribute("aria-sort");
  const turned = { ascending: "descending", descending: "ascending" };
  const order = turned[before] ?? heading.dataset.first ?? "ascending";
  for (const other of heading.parentElement.cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", order);
  const keyed = [...table.tBodies[0].rows].map((row) => [valueOf(row, heading.cellIndex), row]);
  keyed.sort(([a], [b]) => {
    if (a === null || b === null) return (a === null) - (b === null);
    return order === "ascending" ? compare(a, b) : compare(b, a);
  });
  table.tBodies[0].append(...keyed.map(([, row]) => row));
}

for (const heading of document.querySelectorAll(".sortable thead th")) {
  const button = document.createElement("button");
  button.append(...[...heading.childNodes].filter((node) => !node.classList?.contains("about")));
  heading.prepend(button);
  button.addEventListener("click", () => sortBy(heading));
}
