// The target: a picker with previews, a board to draw on, and tables of numbers.

import { Board } from "lab/board.js";
import { colour, onTheme } from "lab/colours.js";
import { Problem } from "lab/control.js";
import { MOST_ROWS, firstTwo, pointsOf, readTable } from "lab/csv.js";
import { onLanguage, t, translate } from "lab/i18n.js";
import { button, el } from "lab/parts.js";

const MOST_BYTES = 50e6;
const SIDE = 40;
const KINDS = ["ring", "grid", "moons", "spiral", "blobs", "outliers", "mixture", "digits"];
const angles = (count) => Array.from({ length: count }, (_, i) => 2 * Math.PI * i / count);
const cloud = (count, x, y, spread) => Array.from({ length: count }, (_, i) => {
  const radius = spread * Math.sqrt((i + 0.5) / count);
  return [x + radius * Math.cos(2.4 * i), y + radius * Math.sin(2.4 * i)];
});
/** What the previews show, within -1 to 1. */
const SKETCHES = {
  ring: angles(8).map((a) => [0.75 * Math.cos(a), 0.75 * Math.sin(a)]),
  grid: [-0.8, -0.4, 0, 0.4, 0.8].flatMap((x) => [-0.8, -0.4, 0, 0.4, 0.8].map((y) => [x, y])),
  moons: angles(24).map((a, i) => (i < 12 ? [-0.3 + 0.55 * Math.cos(a), 0.55 * Math.sin(a) - 0.1]
    : [0.3 + 0.55 * Math.cos(a), 0.55 * Math.sin(a) + 0.1])),
  spiral: Array.from({ length: 36 }, (_, i) => {
    const a = 9.4 * Math.sqrt((i + 1) / 36);
    return [0.09 * a * Math.cos(a), 0.09 * a * Math.sin(a)];
  }),
  blobs: [...cloud(26, -0.45, -0.1, 0.3), ...cloud(14, 0.45, 0.15, 0.45)],
  outliers: [...cloud(30, -0.3, -0.25, 0.5), ...cloud(5, 0.75, 0.7, 0.1)],
};

export function installTarget(app) {
  const picker = new Picker(app, document.getElementById("target"));
  installDrop(picker);
}

class Picker {
  constructor(app, root) {
    this.app = app;
    this.problem = new Problem(el("p", { class: "problem", role: "status", "aria-live": "polite", id: "target-problem" }));
    this.buttons = new Map(KINDS.map((name) => [name, this.kind(name)]));
    this.drawing = el("details", { id: "draw" }, el("summary", { "data-t": "target.draw" }));
    this.board = new Board(this.drawing, (points) => this.use("drawn", points), this.problem);
    this.file = el("input", { type: "file", id: "file", accept: ".csv,.tsv,.txt,text/*", class: "unseen" });
    this.file.addEventListener("change", () => this.choose());
    this.table = el("div", { class: "table-choice", hidden: true });
    this.said = el("p", { class: "hint", role: "status", id: "target-said" });
    root.append(el("div", { class: "targets", role: "group", "aria-labelledby": "target-name" }, ...this.buttons.values()),
      this.drawing,
      el("p", { class: "file" }, this.file, el("label", { for: "file", "data-t": "target.file" })),
      this.table, this.said, this.problem.element);
    translate(root);
    app.onMessage("settings", ({ settings }) => this.set(settings));
    onTheme(() => this.sketch());
    onLanguage(() => {
      this.describe();
      if (!this.table.hidden) this.offered();
    });
    this.sketch();
  }

  kind(name) {
    const canvas = el("canvas", { width: 2 * SIDE, height: 2 * SIDE, "aria-hidden": "true" });
    return button("", () => this.pick(name), {
      class: "target", "aria-pressed": "false", "data-name": name, "data-t-title": `target.${name}.what`,
    }).appendChild(canvas).parentElement.appendChild(el("span", { "data-t": `target.${name}` })).parentElement;
  }

  sketch() {
    for (const [name, element] of this.buttons) {
      const brush = element.firstChild.getContext("2d");
      brush.setTransform(SIDE, 0, 0, -SIDE, SIDE, SIDE);
      brush.clearRect(-1, -1, 2, 2);
      brush.fillStyle = brush.strokeStyle = colour("ink");
      brush.lineWidth = 0.09;
      for (const [x, y] of SKETCHES[name] ?? []) brush.fillRect(x - 0.055, y - 0.055, 0.11, 0.11);
      if (name === "mixture") sketchMixture(brush);
      if (name === "digits") sketchDigit(brush);
    }
  }

  set(settings) {
    this.settings = settings;
    for (const [name, element] of this.buttons) element.setAttribute("aria-pressed", name === settings.target);
    this.drawing.classList.toggle("in-force", settings.target === "drawn");
    this.describe();
  }

  describe() {
    const { target, points } = this.settings ?? {};
    if (target === "drawn") this.said.textContent = t("target.drawn", { count: points.length });
    else if (target === "rows") this.said.textContent = t("target.rows", { count: points.length });
    else this.said.textContent = target ? t(`target.${target}.what`) : "";
  }

  pick(name) {
    this.table.hidden = true;
    this.app.restart({ target: name }, this.problem);
  }

  use(target, points) {
    if (target !== "rows") this.table.hidden = true;
    this.app.restart({ target, points }, this.problem);
  }

  async choose() {
    const [file] = this.file.files;
    if (!file) return;
    await this.read(file);
    // The same file may be chosen again after it was mended.
    this.file.value = "";
  }

  /** Read a file and offer its columns; two columns start at once. */
  async read(file) {
    this.problem.clear();
    this.table.hidden = true;
    if (file.size > MOST_BYTES) {
      this.problem.fail(t("csv.large", { name: file.name, size: (file.size / 1e6).toFixed(0), most: MOST_BYTES / 1e6 }));
      return;
    }
    let table;
    this.said.textContent = t("csv.reading", { name: file.name });
    try {
      const text = await file.text();
      await new Promise((shown) => setTimeout(shown)); // or the line above would not be seen
      table = readTable(text);
    } catch (error) {
      this.problem.fail(t("csv.unread", { name: file.name, problem: error.message }));
      return;
    }
    const two = firstTwo(table);
    if (!two) {
      this.problem.fail(t("csv.none", { name: file.name, rows: table.rows.length }));
      return;
    }
    this.offer(file.name, table, two);
    if (table.columns.length === 2) this.startRows(table, two);
  }

  /** Two menus for the columns, and what each choice would use. */
  offer(name, table, two) {
    const title = (column, at) => column.name || t("csv.column", { k: at + 1 });
    const selects = two.map((chosen, which) => {
      const select = el("select", { "aria-label": t(`csv.axis.${which}`) },
        ...table.columns.map((column, at) => el("option", { value: at, text: title(column, at) })));
      select.value = chosen;
      return select;
    });
    const columns = () => selects.map((select) => Number(select.value));
    const summary = el("p", { class: "hint", role: "status", id: "csv-summary" });
    const update = () => { summary.textContent = this.report(table, columns()); };
    for (const select of selects) select.addEventListener("change", update);
    const use = button(t("csv.use"), () => this.startRows(table, columns()), { class: "primary", id: "csv-use" });
    update();
    this.offered = () => this.offer(name, table, columns());
    this.table.replaceChildren(el("p", { class: "file-name", text: name }),
      el("div", { class: "buttons" }, ...selects, use), summary);
    this.table.hidden = false;
  }

  report(table, columns) {
    const { points, total, skipped, lines } = pointsOf(table, columns);
    const parts = [t("csv.rows", { count: total })];
    if (total > MOST_ROWS) parts.push(t("csv.most", { most: points.length }));
    if (skipped) parts.push(t("csv.skipped", { count: skipped, lines: lines.join(", ") + (skipped > lines.length ? " …" : "") }));
    if (table.decimalComma) parts.push(t("csv.comma"));
    if (table.header) parts.push(t("csv.header"));
    if (table.open) parts.push(t("csv.open"));
    return parts.join(" ");
  }

  startRows(table, columns) {
    const { points } = pointsOf(table, columns);
    this.use("rows", points);
  }
}

function sketchMixture(brush) {
  brush.beginPath();
  for (let x = -0.95; x <= 0.96; x += 0.05) {
    const y = 1.2 * Math.exp(-(((x + 0.45) / 0.18) ** 2)) + 0.7 * Math.exp(-(((x - 0.4) / 0.28) ** 2));
    brush.lineTo(x, y - 0.65);
  }
  brush.stroke();
}

function sketchDigit(brush) {
  brush.lineWidth = 0.18;
  brush.beginPath();
  brush.moveTo(-0.4, 0.65);
  brush.lineTo(0.45, 0.65);
  brush.quadraticCurveTo(-0.05, 0.1, -0.1, -0.7);
  brush.stroke();
}

/** A file dropped anywhere on the page. */
function installDrop(picker) {
  const veil = document.getElementById("drop");
  const hasFile = (event) => [...event.dataTransfer?.types ?? []].includes("Files");
  addEventListener("dragover", (event) => {
    if (!hasFile(event)) return;
    event.preventDefault();
    veil.hidden = false;
  });
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) veil.hidden = true; });
  addEventListener("drop", (event) => {
    if (!hasFile(event)) return;
    event.preventDefault();
    veil.hidden = true;
    const files = [...event.dataTransfer.files];
    picker.app.show("race");
    if (files.length > 1) picker.app.note(t("csv.one", { name: files[0].name }));
    if (files[0]) picker.read(files[0]);
  });
}
