// A plot in an SVG: curves, axes, ticks, reference lines, a point that can be moved, and the values there as text.

import { el, short, svg } from "lab/parts.js";

const WIDTH = 320;
const HEIGHT = 210;
const LEFT = 46;
const RIGHT = 10;
const TOP = 12;
const BOTTOM = 34;

/** Round tick positions within [low, high]: 1, 2 or 5 times a power of ten apart. */
export function ticks(low, high, wanted = 5) {
  const span = high - low;
  if (!(span > 0)) return [low];
  const rough = span / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i += 1) {
    found.push(Number((i * step).toPrecision(12)));
  }
  return found;
}

/** The value of the piecewise linear curve (x increasing, nulls left out) at `at`; null outside. */
export function interpolate(x, y, at) {
  let before = -1;
  for (let i = 0; i < x.length; i += 1) {
    if (x[i] === null || y[i] === null) continue;
    if (x[i] >= at) {
      if (x[i] === at || before < 0) return x[i] === at ? y[i] : null;
      const share = (at - x[before]) / (x[i] - x[before]);
      return y[before] + share * (y[i] - y[before]);
    }
    before = i;
  }
  return null;
}

/** [low, high] of the finite y whose x lies in `window`, widened a little; never empty. */
export function yLimits(x, y, window) {
  const seen = y.filter((value, i) => value !== null && x[i] !== null && x[i] >= window[0] && x[i] <= window[1]);
  if (!seen.length) return [-1, 1];
  const low = Math.min(...seen);
  const high = Math.max(...seen);
  // A constant must not be stretched until its rounding errors show.
  const isFlat = high - low <= 1e-6 * Math.max(Math.abs(low), Math.abs(high));
  const room = isFlat ? Math.abs(high) / 2 || 1 : (high - low) * 0.08;
  return [low - room, high + room];
}

export class Plot {
  /** `onmove(x)` is called with the x under the pointer. */
  constructor(root, { x, y, onmove }) {
    this.names = { x, y };
    this.title = el("h4");
    this.reading = el("p", { class: "anyf-reading" });
    this.svg = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "anyf-plot", role: "img" });
    root.append(el("figure", { class: "anyf-figure" }, this.title, this.svg, this.reading));
    this.svg.addEventListener("pointermove", (event) => {
      if (!this.xs) return;
      const box = this.svg.getBoundingClientRect();
      const at = ((event.clientX - box.left) / box.width) * WIDTH;
      const share = Math.min(1, Math.max(0, (at - LEFT) / (WIDTH - LEFT - RIGHT)));
      onmove(this.xs[0] + share * (this.xs[1] - this.xs[0]));
    });
  }

  label(title, description) {
    this.title.textContent = title;
    this.svg.setAttribute("aria-label", `${title}. ${description}`);
  }

  px(x) {
    return LEFT + ((x - this.xs[0]) / (this.xs[1] - this.xs[0])) * (WIDTH - LEFT - RIGHT);
  }

  py(y) {
    return HEIGHT - BOTTOM - ((y - this.ys[0]) / (this.ys[1] - this.ys[0])) * (HEIGHT - TOP - BOTTOM);
  }

  /** Draw curves [{y, kind}] over x. `lines`: {x}, {y} or {from: [x, y], slope}, each with a class and maybe a label. */
  draw({ x, curves, xs, ys, lines = [] }) {
    Object.assign(this, { x, xs, ys });
    // A nested svg cuts off what leaves the frame.
    const [width, height] = [WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM];
    const inside = svg("svg", { x: LEFT, y: TOP, width, height, viewBox: `${LEFT} ${TOP} ${width} ${height}` });
    for (const line of lines) inside.append(...this.reference(line));
    for (const { y, kind = "" } of curves) inside.append(svg("path", { d: this.path(y), class: `anyf-curve ${kind}` }));
    this.point = svg("circle", { r: 4.5, class: "anyf-point", visibility: "hidden" });
    this.svg.replaceChildren(...this.axes(), inside, this.point);
  }

  axes() {
    const right = WIDTH - RIGHT;
    const floor = HEIGHT - BOTTOM;
    const parts = [svg("path", { class: "anyf-axis", d: `M${LEFT} ${TOP}V${floor}H${right}` })];
    for (const at of ticks(...this.xs)) {
      const x = this.px(at);
      parts.push(
        svg("path", { class: "anyf-grid", d: `M${x} ${TOP}V${floor}` }),
        svg("text", { x, y: floor + 14, class: "anyf-tick", "text-anchor": x > right - 12 ? "end" : "middle", text: short(at, 6) }),
      );
    }
    for (const at of ticks(...this.ys, 4)) {
      const y = this.py(at);
      parts.push(
        svg("path", { class: "anyf-grid", d: `M${LEFT} ${y}H${right}` }),
        svg("text", { x: LEFT - 5, y: y + 4, class: "anyf-tick", "text-anchor": "end", text: short(at) }),
      );
    }
    parts.push(
      svg("text", { x: right, y: HEIGHT - 4, class: "anyf-name", "text-anchor": "end", text: this.names.x }),
      svg("text", { x: 2, y: 10, class: "anyf-name", text: this.names.y }),
    );
    return parts;
  }

  reference({ x, y, from, slope, label, kind = "" }) {
    const along = (at) => (x !== undefined ? [x, this.ys[at]] : [this.xs[at], y ?? from[1] + slope * (this.xs[at] - from[0])]);
    const ends = [0, 1].map((at) => along(at)).map(([px, py]) => `${this.px(px)} ${this.py(py)}`);
    const parts = [svg("path", { class: `anyf-reference ${kind}`, d: `M${ends.join("L")}` })];
    if (!label) return parts;
    const late = x !== undefined && this.px(x) > WIDTH * 0.7;
    const place = x === undefined ? { x: LEFT + 4, y: this.py(y) - 4 } : { x: this.px(x) + (late ? -4 : 4), y: TOP + 9 };
    return [...parts, svg("text", { ...place, class: "anyf-label", "text-anchor": late ? "end" : "start", text: label })];
  }

  /** The curve, broken where it is not finite. */
  path(values) {
    const far = 3 * (this.ys[1] - this.ys[0]);
    const wide = this.xs[1] - this.xs[0];
    let text = "";
    let pen = "M";
    for (let i = 0; i < this.x.length; i += 1) {
      const [x, y] = [this.x[i], values[i]];
      if (!Number.isFinite(x) || !Number.isFinite(y)) {
        pen = "M";
        continue;
      }
      // SVG paths lose precision at very large coordinates, and those are outside the frame anyway.
      if (x < this.xs[0] - wide || x > this.xs[1] + wide) continue;
      const held = Math.min(this.ys[1] + far, Math.max(this.ys[0] - far, y));
      text += `${pen}${this.px(x).toFixed(2)} ${this.py(held).toFixed(2)}`;
      pen = "L";
    }
    return text;
  }

  /** Move the point; null hides it. The reading says the values even where the point is outside the frame. */
  at(x, y) {
    const known = x !== null && y !== null;
    this.reading.textContent = `${this.names.x} = ${short(x)},  ${this.names.y} = ${short(y)}`;
    if (!this.point) return;
    const shown = known && x >= this.xs[0] && x <= this.xs[1] && y >= this.ys[0] && y <= this.ys[1];
    this.point.setAttribute("visibility", shown ? "visible" : "hidden");
    if (shown) {
      this.point.setAttribute("cx", this.px(x));
      this.point.setAttribute("cy", this.py(y));
    }
  }
}
