// A canvas to draw a target on, with mouse, pen or finger; and a list of numbers for those who use the keyboard.

import { colour, onTheme } from "lab/colours.js";
import { pointsOf, readTable } from "lab/csv.js";
import { onLanguage, t, translate } from "lab/i18n.js";
import { button, el } from "lab/parts.js";

export const MOST_POINTS = 400;
/** The board shows -EXTENT to EXTENT on both axes. */
const EXTENT = 1.5;
/** A new point of a stroke lies at least this far from the last one. */
const GAP = 0.04;

export class Board {
  /** use(points): the drawing is to be the target. */
  constructor(root, use, problem) {
    this.strokes = [];
    this.stroke = null;
    this.problem = problem;
    this.canvas = el("canvas", { class: "board", role: "img" });
    this.count = el("p", { class: "hint", role: "status" });
    this.undo = button("", () => this.change(() => this.strokes.pop()), { "data-t": "draw.undo", class: "quiet" });
    this.clear = button("", () => this.change(() => { this.strokes = []; }), { "data-t": "draw.clear", class: "quiet" });
    this.use = button("", () => use(this.points()), { "data-t": "draw.use", class: "primary", id: "draw-use" });
    this.text = el("textarea", { rows: 4, id: "draw-text", spellcheck: "false", placeholder: "0.5, 1\n-1, 0.2" });
    this.take = button("", () => this.add(), { "data-t": "draw.take", class: "quiet", id: "draw-take" });
    const list = el("details", {}, el("summary", { "data-t": "draw.list" }),
      el("label", { for: "draw-text", class: "hint", "data-t": "draw.list.what" }), this.text, this.take);
    root.append(el("p", { class: "hint", "data-t": "draw.what" }), this.canvas, this.count,
      el("div", { class: "buttons" }, this.undo, this.clear, this.use), list);
    translate(root);
    this.canvas.addEventListener("pointerdown", (event) => this.begin(event));
    this.canvas.addEventListener("pointermove", (event) => this.go(event));
    for (const kind of ["pointerup", "pointercancel"]) this.canvas.addEventListener(kind, () => { this.stroke = null; });
    new ResizeObserver(([entry]) => this.resize(entry.contentRect.width)).observe(this.canvas);
    onTheme(() => this.draw());
    onLanguage(() => this.draw());
  }

  points() {
    return this.strokes.flat();
  }

  change(fn) {
    this.problem.clear();
    fn();
    this.draw();
  }

  /** Where a pointer event lies on the board, in data units. */
  place({ offsetX, offsetY }) {
    const share = (offset) => 2 * offset / this.side - 1;
    const round = (value) => Math.round(1000 * EXTENT * Math.min(1, Math.max(-1, value))) / 1000;
    return [round(share(offsetX)), round(-share(offsetY))];
  }

  begin(event) {
    if (event.button !== 0) return;
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    this.stroke = [];
    this.strokes.push(this.stroke);
    this.go(event);
  }

  go(event) {
    if (!this.stroke) return;
    for (const part of event.getCoalescedEvents?.().length ? event.getCoalescedEvents() : [event]) {
      const [x, y] = this.place(part);
      const last = this.stroke.at(-1);
      if (last && Math.hypot(x - last[0], y - last[1]) < GAP) continue;
      if (this.points().length >= MOST_POINTS) {
        this.problem.fail(t("draw.full", { most: MOST_POINTS }));
        break;
      }
      this.stroke.push([x, y]);
    }
    this.draw();
  }

  /** Add the points written in the list. */
  add() {
    const table = readTable(this.text.value);
    const { points, skipped, lines } = pointsOf(table, [0, 1]);
    const room = MOST_POINTS - this.points().length;
    if (points.length > room) {
      this.problem.fail(t("draw.toomany", { got: points.length, room }));
      return;
    }
    this.change(() => { if (points.length) this.strokes.push(points); });
    if (skipped || !points.length) this.problem.fail(t("csv.skipped", { count: skipped, lines: lines.join(", ") }));
  }

  resize(side) {
    if (!side) return;
    const ratio = Math.min(devicePixelRatio || 1, 2);
    this.side = side;
    this.canvas.width = this.canvas.height = Math.round(side * ratio);
    this.ratio = ratio;
    this.draw();
  }

  draw() {
    const points = this.points();
    this.count.textContent = t("draw.count", { count: points.length, most: MOST_POINTS });
    this.canvas.setAttribute("aria-label", t("draw.label", { count: points.length }));
    this.undo.disabled = this.clear.disabled = !points.length;
    this.use.disabled = points.length < 2;
    if (!this.side) return;
    const brush = this.canvas.getContext("2d");
    brush.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    brush.fillStyle = colour("panel");
    brush.fillRect(0, 0, this.side, this.side);
    brush.fillStyle = colour("line");
    brush.fillRect(this.side / 2, 0, 1, this.side);
    brush.fillRect(0, this.side / 2, this.side, 1);
    brush.fillStyle = colour("accent");
    for (const [x, y] of points) {
      // Points of the list may lie outside the board; they are kept at its edge in the picture only.
      const px = (Math.min(1, Math.max(-1, x / EXTENT)) + 1) / 2 * this.side;
      const py = (1 - Math.min(1, Math.max(-1, y / EXTENT))) / 2 * this.side;
      brush.fillRect(px - 2.5, py - 2.5, 5, 5);
    }
  }
}
