// Charts over steps: bound and exact divergence, modes, share within 3 sigma. Also a table of the same numbers.

import { colour, memberColour, onTheme } from "lab/colours.js";
import { Curve } from "lab/curve.js";
import { onLanguage, t } from "lab/i18n.js";
import { number, percent } from "lab/numbers.js";
import { el } from "lab/parts.js";

/** Below this size the scale is linear, so that zero and negative values have a place. */
const LINEAR = 0.01;
const EVERY = 150;
const TABLE_EVERY = 1000;
const [LEFT, RIGHT, TOP, BOTTOM] = [42, 10, 8, 20];
const MEASURES = ["bound", "exact", "modes", "within"];
const LOSSES = ["critic_loss", "generator_loss"];
const symlog = {
  to: (value) => Math.asinh(value / LINEAR),
  ticks: [-100, -10, -1, -0.1, 0, 0.1, 1, 10, 100, 1000, 1e4],
  text: (tick) => (tick >= 1e4 ? "10⁴" : String(tick).replace("-", "−")),
};
const linear = (ticks, text) => ({ to: (value) => value, ticks, text });

class Plot {
  constructor(root, key, measures, scale) {
    this.key = key;
    this.measures = measures;
    this.scale = scale;
    this.cursor = null;
    this.title = el("h3", { class: "chart-title" });
    this.note = el("p", { class: "chart-note" });
    this.canvas = el("canvas", { class: "chart-canvas", role: "img", tabindex: 0 });
    this.tip = el("div", { class: "chart-tip", hidden: true });
    this.element = el("figure", { class: `chart chart-${key}` }, this.title, this.note,
      el("div", { class: "chart-stage" }, this.canvas, this.tip));
    root.append(this.element);
    this.context = this.canvas.getContext("2d");
    this.size = { width: 0, height: 0, ratio: 1 };
    this.limits = { high: 1, low: 0, from: 0, to: 1 };
    this.pointer = null;
    this.canvas.addEventListener("pointermove", (event) => this.hover(event.offsetX));
    for (const kind of ["pointerleave", "blur"]) this.canvas.addEventListener(kind, () => this.leave());
    this.canvas.addEventListener("keydown", (event) => this.press(event));
    this.observer = new ResizeObserver(([entry]) => this.resize(entry.contentRect));
    this.observer.observe(this.canvas);
  }

  resize({ width, height }) {
    if (!width) return;
    const ratio = Math.min(devicePixelRatio || 1, 2);
    this.size = { width, height, ratio };
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.draw();
  }

  start(members, histories) {
    this.members = members;
    this.histories = histories;
    this.point(null);
  }

  hover(offset) {
    this.pointer = offset;
    this.point(this.stepAt(offset));
  }

  leave() {
    this.pointer = null;
    this.point(null);
  }

  stepAt(offset) {
    const share = (offset - LEFT) / Math.max(1, this.size.width - LEFT - RIGHT);
    return Math.round(this.limits.from + Math.min(1, Math.max(0, share)) * (this.limits.to - this.limits.from));
  }

  press(event) {
    const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === "Escape") this.leave();
    if (!move) return;
    event.preventDefault();
    const span = this.limits.to - this.limits.from;
    const now = this.cursor ?? (move > 0 ? this.limits.from : this.limits.to);
    this.point(Math.round(Math.min(this.limits.to, Math.max(this.limits.from, now + move * Math.max(1, span / 40)))));
  }

  /** Show the values at a step; null hides them. */
  point(step) {
    this.cursor = step;
    this.tip.hidden = step === null || !this.members;
    this.draw();
    if (!this.tip.hidden) this.fillTip();
  }

  /** The steps under a resting pointer change while the axis grows. */
  follow() {
    if (this.pointer !== null && this.cursor !== this.stepAt(this.pointer)) this.hover(this.pointer);
  }

  fillTip() {
    const rows = this.members.map((member, k) => {
      const texts = this.measures.map((measure) => this.valueText(measure, k));
      const dot = el("span", { class: "dot" });
      dot.style.setProperty("--member", `var(--m${k % 8})`);
      return el("div", { class: "tip-row" }, dot, el("span", { class: "tip-name", text: member.name }),
        ...texts.map((text) => el("span", { class: "tip-value", text })));
    });
    const heads = this.measures.length > 1 ? this.measures.map((measure) => t(`measure.${measure}.short`)) : [""];
    const head = el("div", { class: "tip-row tip-head" }, el("span"),
      el("span", { text: t("chart.step", { step: this.cursor }) }), ...heads.map((text) => el("span", { text })));
    this.tip.replaceChildren(head, ...rows);
    this.tip.style.setProperty("--columns", this.measures.length);
    const right = this.x(this.cursor) > this.size.width / 2;
    this.tip.style.left = right ? "auto" : `${this.x(this.cursor) + 12}px`;
    this.tip.style.right = right ? `${this.size.width - this.x(this.cursor) + 12}px` : "auto";
  }

  valueText(measure, k) {
    const curve = this.histories[k][measure];
    const at = curve.at(this.cursor);
    const value = at < 0 ? NaN : curve.values[at];
    if (measure === "within") return percent(Number.isNaN(value) ? null : value);
    return measure === "modes" ? number(value, 1) : number(value);
  }

  x(step) {
    const { from, to } = this.limits;
    return LEFT + (step - from) / Math.max(1, to - from) * (this.size.width - LEFT - RIGHT);
  }

  y(value) {
    const [low, high] = [this.scale.to(this.limits.low), this.scale.to(this.limits.high)];
    return this.size.height - BOTTOM - (this.scale.to(value) - low) / (high - low) * (this.size.height - TOP - BOTTOM);
  }

  /** The range of the axes: fixed, or all values in the histories. */
  measure(fixed) {
    const limits = { low: fixed ? fixed[0] : Infinity, high: fixed ? fixed[1] : -Infinity, from: 0, to: 1 };
    for (const history of this.histories) {
      for (const measure of this.measures) {
        const { steps, values, count } = history[measure];
        if (!count) continue;
        limits.to = Math.max(limits.to, steps[count - 1]);
        for (let i = 0; !fixed && i < count; i += 1) {
          if (values[i] < limits.low) limits.low = values[i];
          if (values[i] > limits.high) limits.high = values[i];
        }
      }
    }
    if (!(limits.high >= limits.low)) Object.assign(limits, { low: 0, high: 1 });
    if (!fixed) {
      limits.low = Math.min(limits.low, 0);
      limits.high = Math.max(limits.high, 2 * LINEAR);
    }
    this.limits = limits;
  }

  draw() {
    if (!this.size.width || !this.histories) return;
    this.measure(this.fixed);
    const { context, size } = this;
    context.setTransform(size.ratio, 0, 0, size.ratio, 0, 0);
    context.clearRect(0, 0, size.width, size.height);
    this.axes();
    context.lineJoin = context.lineCap = "round";
    this.measures.forEach((measure, which) => {
      context.setLineDash(which ? [5, 3] : []);
      context.lineWidth = which ? 1.6 : 1.4;
      this.histories.forEach((history, k) => this.line(history[measure], k));
    });
    context.setLineDash([]);
    if (this.cursor !== null) {
      context.fillStyle = colour("muted");
      context.fillRect(Math.round(this.x(this.cursor)), TOP, 1, size.height - TOP - BOTTOM);
    }
  }

  axes() {
    const { context, size, limits } = this;
    context.font = "11px system-ui, sans-serif";
    context.textBaseline = "middle";
    context.textAlign = "right";
    let last = Infinity;
    for (const tick of this.scale.ticks) {
      if (tick < limits.low - 1e-9 || tick > limits.high + 1e-9) continue;
      const y = Math.round(this.y(tick));
      if (last - y < 13) continue;
      last = y;
      context.fillStyle = colour("line");
      context.fillRect(LEFT, y, size.width - LEFT - RIGHT, 1);
      context.fillStyle = colour("muted");
      context.fillText(this.scale.text(tick), LEFT - 6, y);
    }
    context.textBaseline = "alphabetic";
    const step = nice((limits.to - limits.from) / Math.max(2, Math.floor(size.width / 75)));
    for (let tick = Math.ceil(limits.from / step) * step; tick <= limits.to; tick += step) {
      const x = this.x(tick);
      context.textAlign = x > size.width - 30 ? "right" : x < LEFT + 12 ? "left" : "center";
      context.fillText(tick.toLocaleString("en"), Math.min(x, size.width - 2), size.height - 5);
    }
  }

  line({ steps, values, count }, k) {
    const { context } = this;
    // More points than pixels only cost time.
    const stride = Math.max(1, Math.floor(count / Math.max(1, this.size.width - LEFT - RIGHT)));
    let drawing = false;
    context.beginPath();
    for (let i = (count - 1) % stride; i < count; i += stride) {
      if (Number.isNaN(values[i])) drawing = false;
      else if (drawing) context.lineTo(this.x(steps[i]), this.y(values[i]));
      else {
        context.moveTo(this.x(steps[i]), this.y(values[i]));
        // With round ends a point alone shows as a dot.
        context.lineTo(this.x(steps[i]), this.y(values[i]));
        drawing = true;
      }
    }
    context.strokeStyle = memberColour(k);
    context.stroke();
  }
}

function nice(rough) {
  const power = 10 ** Math.floor(Math.log10(Math.max(rough, 1)));
  return Math.max(1, [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough) ?? 10 * power);
}

export class Charts {
  constructor(root) {
    const percents = linear([0, 0.25, 0.5, 0.75, 1], percent);
    this.plots = {
      divergence: new Plot(root, "divergence", ["bound", "exact"], symlog),
      modes: new Plot(root, "modes", ["modes"], linear([], (tick) => String(tick))),
      within: new Plot(root, "within", ["within"], percents),
    };
    this.plots.within.fixed = [0, 1.02];
    this.root = root;
    this.histories = [];
    this.members = [];
    this.table = el("table", { class: "numbers" });
    this.caption = el("caption");
    this.summary = el("summary");
    this.details = el("details", { class: "chart-table" }, this.summary, el("div", { class: "wide" }, this.table));
    this.details.addEventListener("toggle", () => this.fillTable());
    root.after(this.details);
    this.drawn = 0;
    this.labelled = 0;
    this.leave = [onTheme(() => this.redraw()), onLanguage(() => this.words())];
  }

  /** Begin anew with these members ({name}). */
  start(members) {
    this.members = members;
    this.histories = members.map(() => this.history());
    this.header = null;
    for (const plot of Object.values(this.plots)) plot.start(members, this.histories);
    this.fillTable();
  }

  /** Members changed while the race goes on: those that stay keep their history, wherever they stand now. */
  change(members) {
    const key = ({ name, loss, follow }) => JSON.stringify([name, loss, follow]);
    const before = this.members.map((member, k) => ({ key: key(member), history: this.histories[k] }));
    const taken = members.map((member) => {
      const at = before.findIndex((one) => one.key === key(member));
      return at < 0 ? this.history() : before.splice(at, 1)[0].history;
    });
    this.members = members;
    this.histories = taken;
    for (const plot of Object.values(this.plots)) plot.start(members, taken);
  }

  history() {
    return { ...Object.fromEntries([...MEASURES, ...LOSSES].map((key) => [key, new Curve()])), at: null };
  }

  /** What the target's modes chart counts up to; no chart where there are no modes to count. */
  target({ pieces, modes }) {
    this.losses(false);
    this.plots.modes.element.hidden = !modes;
    this.pieces = modes ? pieces : null;
    const step = Math.max(1, Math.ceil(pieces / 5));
    this.plots.modes.scale.ticks = Array.from({ length: Math.floor(pieces / step) + 1 }, (_, i) => i * step);
    this.plots.modes.fixed = [0, pieces * 1.04];
  }

  /** Pictures have no exact divergence and no modes: show the losses instead. */
  losses(instead = true) {
    const plot = this.plots.divergence;
    plot.key = instead ? "losses" : "divergence";
    plot.measures = instead ? LOSSES : ["bound", "exact"];
    this.plots.modes.element.hidden = this.plots.within.element.hidden = instead;
    this.words();
  }

  /** Add the numbers of a frame's header. */
  add(header) {
    this.header = header;
    header.members.forEach((member, k) => {
      const history = this.histories[k];
      if (!history) return;
      for (const loss of LOSSES) history[loss].push(header.step, member[loss]);
      // Frames repeat the last measurement until the next; between two of them the line is straight.
      const at = member.exact_step ?? header.step;
      if (at === history.at) return;
      history.at = at;
      for (const measure of MEASURES) history[measure].push(at, member[measure]);
    });
  }

  /** Draw, at most a few times a second. */
  draw(now = performance.now()) {
    if (now - this.drawn < EVERY) return;
    this.drawn = now;
    this.redraw();
    if (now - this.labelled < TABLE_EVERY) return;
    this.labelled = now;
    this.label();
    this.fillTable();
  }

  redraw() {
    for (const plot of Object.values(this.plots)) {
      plot.draw();
      plot.follow();
    }
  }

  words() {
    this.summary.textContent = t("table.open");
    this.caption.textContent = t("table.caption");
    for (const plot of Object.values(this.plots)) {
      plot.title.textContent = t(`chart.${plot.key}`);
      plot.note.textContent = t(`chart.${plot.key}.note`);
    }
    this.label();
    this.fillTable();
  }

  label() {
    for (const plot of Object.values(this.plots)) {
      const values = this.members.map((member, k) => `${member.name} ${plot.measures.map((measure) => {
        const last = this.histories[k][measure].last();
        return measure === "within" ? percent(Number.isNaN(last) ? null : last) : number(last);
      }).join(" / ")}`);
      plot.canvas.setAttribute("aria-label", t("chart.label", {
        title: t(`chart.${plot.key}`), step: this.header?.step ?? 0, values: values.join("; "),
      }));
    }
  }

  fillTable() {
    if (!this.details.open) return;
    const heads = ["member", ...MEASURES].map((key) =>
      el("th", { scope: "col", text: key === "member" ? t("table.member") : t(`measure.${key}`) }));
    const rows = this.members.map((member, k) => {
      const now = this.header?.members[k] ?? {};
      const modes = this.pieces && Number.isFinite(now.modes) ? `${now.modes} / ${this.pieces}` : "–";
      const cells = [number(now.bound), number(now.exact), modes, percent(now.within)];
      return el("tr", {}, el("th", { scope: "row", text: member.name }), ...cells.map((text) => el("td", { text })));
    });
    this.caption.textContent = t("table.caption", { step: this.header?.step ?? 0 });
    this.table.replaceChildren(this.caption, el("thead", {}, el("tr", {}, ...heads)), el("tbody", {}, ...rows));
  }
}
