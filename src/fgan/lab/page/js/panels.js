// One panel of the race: a canvas and the numbers of a member. Pure drawing from decoded messages; no connection.

import { colour, fieldPalette, memberColour, onTheme, pixel } from "lab/colours.js";
import { contours } from "lab/contours.js";
import { Dots } from "lab/dots.js";
import { t, onLanguage } from "lab/i18n.js";
import { number, percent } from "lab/numbers.js";
import { el } from "lab/parts.js";
import { Tiles } from "lab/tiles.js";

export { number, percent };

const TEXT_EVERY = 200;
const LABEL_EVERY = 1000;
const ARROW = 22;
/** The length of an arrow is ARROW * g / (g + HALF): absolute, so that vanishing gradients look short. */
const HALF = 1;
const UP = 0.76159;

export const shown = { field: true, arrows: true, data: true, samples: true, density: false };

/** A text node that is written only when its text changes. */
function write(element, text) {
  if (element.firstChild?.data !== text) element.textContent = text;
}

export class Panel {
  /** `member`: {name, title, follows} as in the message "settings"; `index` gives the colour. */
  constructor(root, member, index = root.querySelectorAll(".panel").length) {
    this.member = member;
    this.index = index;
    this.decoded = null;
    this.frame = null;
    this.size = { width: 0, height: 0, ratio: 1 };
    this.lastText = 0;
    this.lastLabel = 0;
    this.build(root);
    this.context = this.canvas.getContext("2d", { alpha: false });
    this.small = document.createElement("canvas");
    this.still = document.createElement("canvas");
    this.dots = new Dots();
    this.observer = new ResizeObserver(([entry]) => this.resize(entry.contentRect.width, entry.contentRect.height));
    this.observer.observe(this.canvas);
    this.leave = [onTheme(() => this.redraw(true)), onLanguage(() => this.words())];
  }

  build(root) {
    this.title = el("h3", { class: "panel-name" });
    this.follows = el("p", { class: "panel-follows" });
    this.values = {};
    const list = el("dl", { class: "panel-values" });
    this.names = {};
    for (const key of ["bound", "exact", "modes", "within"]) {
      this.names[key] = el("dt");
      this.values[key] = el("dd", { text: "–" });
      list.append(el("div", {}, this.names[key], this.values[key]));
    }
    this.canvas = el("canvas", { class: "panel-canvas", role: "img" });
    this.broken = el("p", { class: "panel-broken", hidden: true });
    const dot = el("span", { class: "dot", "aria-hidden": "true" });
    this.head = el("div", { class: "panel-head" }, el("div", { class: "panel-line" }, dot, this.title), this.follows);
    this.element = el("article", { class: "panel" }, this.head,
      el("div", { class: "panel-stage" }, this.canvas, this.broken), list);
    this.element.style.setProperty("--member", `var(--m${this.index % 8})`);
    root.append(this.element);
  }

  /** Another member in the same panel. */
  setMember(member) {
    this.member = member;
    this.words();
  }

  words() {
    const { title, name, follows, loss } = this.member;
    this.title.textContent = name;
    this.title.title = title || name;
    this.about = [follows && t("panel.follows", { name: follows }), loss === "saturating" && t("loss.saturating")];
    this.follows.textContent = this.about.filter(Boolean).join(" · ");
    for (const [key, element] of Object.entries(this.names)) {
      element.textContent = t(`measure.${key}.short`);
      element.title = t(`measure.${key}.what`);
    }
    this.broken.textContent = t("panel.broken");
    this.lastText = 0;
    this.lastLabel = 0;
    if (this.decoded) this.say(performance.now());
  }

  resize(width, height) {
    const ratio = Math.min(devicePixelRatio || 1, 2);
    if (!width || !height) return;
    this.size = { width, height, ratio };
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.redraw(true);
  }

  /** The decoded message "target": the data and the view. */
  target(decoded) {
    this.decoded = decoded;
    this.frame = null;
    this.highest = 0;
    this.element.classList.remove("pictures");
    this.element.classList.toggle("flat", decoded.header.dimension === 1);
    this.redraw(true);
  }

  /** No target: a race on pictures begins. */
  clear() {
    this.decoded = this.frame = null;
    this.redraw(true);
  }

  /** Draw member k of a decoded frame. */
  draw(frame, k) {
    this.frame = frame;
    this.k = k;
    this.redraw(false);
    const now = performance.now();
    if (now - this.lastText >= TEXT_EVERY) this.say(now);
  }

  redraw(still) {
    if (!this.size.width) return;
    const { context, size } = this;
    const images = this.frame?.arrays[`images${this.k}`];
    if (images) {
      this.element.classList.add("pictures");
      this.tiles ??= new Tiles();
      this.tiles.draw(context, images);
      return;
    }
    if (!this.decoded) {
      context.fillStyle = colour("panel");
      context.fillRect(0, 0, this.canvas.width, this.canvas.height);
      return;
    }
    const flat = this.decoded.header.dimension === 1;
    if (still) this.drawStill();
    context.setTransform(1, 0, 0, 1, 0, 0);
    this.drawField(flat);
    if (flat || !this.frame) context.drawImage(this.still, 0, 0);
    if (!this.frame) return;
    if (!flat) this.drawCloud();
    context.setTransform(size.ratio, 0, 0, size.ratio, 0, 0);
    if (flat) this.drawCurves();
    else if (shown.arrows && this.frame.arrays.arrows) this.drawArrows();
  }

  drawField(flat) {
    const { context, canvas, frame, k } = this;
    if (!shown.field || !frame?.arrays.field) {
      context.fillStyle = colour("panel");
      context.fillRect(0, 0, canvas.width, canvas.height);
      return;
    }
    const { shape, values } = frame.arrays.field;
    const [rows, columns] = [shape.at(-2), shape.at(-1)];
    if (!this.image || this.image.width !== columns || this.image.height !== rows) {
      this.small.width = columns;
      this.small.height = rows;
      this.brush = this.small.getContext("2d");
      this.image = this.brush.createImageData(columns, rows);
      this.pixels = new Uint32Array(this.image.data.buffer);
    }
    const palette = fieldPalette();
    const start = k * rows * columns;
    for (let row = 0; row < rows; row += 1) {
      const from = start + (rows - 1 - row) * columns;
      for (let column = 0; column < columns; column += 1) {
        this.pixels[row * columns + column] = palette[values[from + column]];
      }
    }
    this.brush.putImageData(this.image, 0, 0);
    context.imageSmoothingEnabled = true;
    // The outermost points of the field lie on the edges of the view: half a pixel of the small image is outside.
    const [top, tall] = flat ? [0, 1] : [0.5, rows - 1];
    context.drawImage(this.small, 0.5, top, columns - 1, tall, 0, 0, canvas.width, canvas.height);
  }

  /** What does not change between frames: data points and the target's density, on a layer of its own. */
  drawStill() {
    const { still, size, decoded } = this;
    still.width = this.canvas.width;
    still.height = this.canvas.height;
    const brush = still.getContext("2d", { willReadFrequently: true });
    brush.scale(size.ratio, size.ratio);
    const { view, dimension } = decoded.header;
    if (dimension === 1) {
      this.drawTargetCurve(brush);
      return;
    }
    if (shown.density && decoded.arrays.density) {
      brush.strokeStyle = colour("ink");
      brush.globalAlpha = 0.45;
      brush.stroke(contours(decoded.arrays.density, size.width, size.height));
      brush.globalAlpha = 1;
    }
    if (shown.data) {
      const { values } = decoded.arrays.data;
      const side = size.width > 260 ? 2.2 : 1.7;
      const [sx, sy] = [size.width / (view.x[1] - view.x[0]), size.height / (view.y[1] - view.y[0])];
      brush.fillStyle = colour("data");
      for (let at = 0; at < values.length; at += 2) {
        brush.fillRect((values[at] - view.x[0]) * sx - side / 2,
          size.height - (values[at + 1] - view.y[0]) * sy - side / 2, side, side);
      }
    }
    this.dots.base(still);
    this.fill = pixel(`m${this.index % 8}`);
    this.outline = pixel("halo");
  }

  drawCloud() {
    const { context, canvas, size, frame, k, dots } = this;
    const { view } = this.decoded.header;
    const { shape, values } = frame.arrays.samples;
    const start = k * shape[1] * 2;
    const sx = canvas.width / (view.x[1] - view.x[0]);
    const sy = -canvas.height / (view.y[1] - view.y[0]);
    const radius = (size.width > 300 ? 2.3 : 1.5) * size.ratio;
    dots.clear();
    let outside = 0;
    if (shown.samples) {
      outside = dots.add(values, start, start + 2 * shape[1], { x0: view.x[0], sx, y0: view.y[1], sy }, radius,
        this.fill, this.outline);
    }
    dots.draw(context);
    if (!outside) return;
    context.font = `${11 * size.ratio}px system-ui, sans-serif`;
    context.fillStyle = colour("ink");
    context.fillText(t("panel.outside", { count: outside }), 6 * size.ratio, canvas.height - 6 * size.ratio);
  }

  drawArrows() {
    const { context, size, frame, k } = this;
    const { view } = this.decoded.header;
    const samples = frame.arrays.samples.values;
    const start = k * frame.arrays.samples.shape[1] * 2;
    const { shape, values } = frame.arrays.arrows;
    const first = k * shape[1] * 2;
    const [sx, sy] = [size.width / (view.x[1] - view.x[0]), size.height / (view.y[1] - view.y[0])];
    context.beginPath();
    for (let i = 0; i < shape[1]; i += 1) {
      const [gx, gy] = [values[first + 2 * i], values[first + 2 * i + 1]];
      const norm = Math.hypot(gx, gy);
      if (!(norm > 1e-12)) continue;
      const length = ARROW * norm / (norm + HALF);
      if (length < 1.5) continue;
      const x = (samples[start + 2 * i] - view.x[0]) * sx;
      const y = size.height - (samples[start + 2 * i + 1] - view.y[0]) * sy;
      const [ux, uy] = [gx / norm, -gy / norm];
      const [ex, ey] = [x + ux * length, y + uy * length];
      const barb = Math.min(4, length / 2);
      context.moveTo(x, y);
      context.lineTo(ex, ey);
      context.lineTo(ex - barb * (ux + 0.6 * uy), ey - barb * (uy - 0.6 * ux));
      context.moveTo(ex, ey);
      context.lineTo(ex - barb * (ux - 0.6 * uy), ey - barb * (uy + 0.6 * ux));
    }
    context.strokeStyle = colour("arrow");
    context.lineWidth = 1;
    context.stroke();
  }

  // One dimension: densities as curves from below, and the log-ratio as a line on the scale of the legend.

  heights(values, start, count) {
    const { width, height } = this.size;
    const path = new Path2D();
    for (let i = 0; i < count; i += 1) {
      const y = height - 6 - (height - 16) * Math.min(values[start + i] / this.highest, 1.04);
      path.lineTo(i / (count - 1) * width, y);
    }
    return path;
  }

  drawTargetCurve(brush) {
    const { values, shape } = this.decoded.arrays.density;
    this.peak = values.reduce((most, value) => Math.max(most, value), 1e-12);
    this.highest = Math.max(this.highest ?? 0, 1.25 * this.peak);
    if (!shown.data) return;
    const path = this.heights(values, 0, shape[0]);
    brush.strokeStyle = colour("muted");
    brush.lineWidth = 1.5;
    brush.stroke(path);
    path.lineTo(this.size.width, this.size.height - 6);
    path.lineTo(0, this.size.height - 6);
    brush.globalAlpha = 0.22;
    brush.fillStyle = colour("muted");
    brush.fill(path);
  }

  /** Make room for a generator that is more peaked than the target, up to four times as high. */
  fit(values) {
    let most = 0;
    for (const value of values) if (value > most) most = value;
    const wanted = Math.max(1.25 * this.peak, Math.min(1.08 * most, 4 * this.peak));
    if (wanted <= this.highest && wanted > 0.7 * this.highest) return;
    this.highest = wanted;
    this.redraw(true);
  }

  drawCurves() {
    const { context, frame, k, size } = this;
    const { density, field } = frame.arrays;
    if (shown.samples && density) {
      const count = density.shape.at(-1);
      this.fit(density.values.subarray(k * count, (k + 1) * count));
      const path = this.heights(density.values, k * count, count);
      context.lineWidth = 4;
      context.strokeStyle = colour("halo");
      context.stroke(path);
      context.lineWidth = 2.2;
      context.strokeStyle = memberColour(this.index);
      context.stroke(path);
    }
    if (!shown.field || !field || frame.header.has_field?.[k] === false) return;
    const columns = field.shape.at(-1);
    context.beginPath();
    for (let i = 0; i < columns; i += 1) {
      const height = 1 - field.values[k * columns + i] / 255;
      context.lineTo(i / (columns - 1) * size.width, 4 + height * (size.height - 8));
    }
    context.strokeStyle = colour("ink");
    context.lineWidth = 1.2;
    context.stroke();
    context.fillStyle = colour("muted");
    context.font = "10px system-ui, sans-serif";
    for (const [label, place] of [["l = 3", 1 - UP], ["0", 1], ["−3", 1 + UP]]) {
      const y = 4 + place / 2 * (size.height - 8);
      context.fillRect(size.width - 6, y, 6, 1);
      context.textAlign = "right";
      context.fillText(label, size.width - 9, y + 3.5);
    }
    context.textAlign = "left";
  }

  /** Write the numbers, and at most once a second the canvas's text alternative. */
  say(now) {
    const member = this.frame?.header.members?.[this.k];
    if (!member) return;
    this.lastText = now;
    const { pieces, modes: counts } = this.decoded?.header ?? {};
    const texts = {
      bound: number(member.bound),
      exact: number(member.exact),
      modes: counts && member.modes !== null && member.modes !== undefined ? `${member.modes} / ${pieces}` : "–",
      within: percent(member.within),
    };
    for (const [key, text] of Object.entries(texts)) write(this.values[key], text);
    // Some critics decide without saying how sure they are: their field has two colours, not a scale.
    const decides = this.frame.header.has_field?.[this.k] === false && t("panel.decides");
    write(this.follows, [...this.about, decides].filter(Boolean).join(" · "));
    const broken = member.finite === false;
    if (this.broken.hidden === broken) this.broken.hidden = !broken;
    if (now - this.lastLabel < LABEL_EVERY) return;
    this.lastLabel = now;
    const words = Object.entries(texts).filter(([, text]) => text !== "–")
      .map(([key, text]) => `${t(`measure.${key}`)} ${text}`).join(", ");
    this.canvas.setAttribute("aria-label", t("panel.label", {
      name: this.member.name, step: this.frame.header.step, values: broken ? t("panel.broken") : words,
    }));
  }

  remove() {
    this.observer.disconnect();
    for (const leave of this.leave) leave();
    this.element.remove();
  }
}
