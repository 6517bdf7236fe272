// One plot of the any-f panel: a curve in an SVG with axes, ticks, reference lines and a point that can be moved.

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

  /** Draw a curve. `lines`: reference lines {x}, {y} or {from: [x, y], slope}, each with a class and maybe a label. */
  draw({ x, y, xs, ys, lines = [] }) {
    Object.assign(this, { x, y, xs, ys });
    // A nested svg cuts off what leaves the frame.
    const [width, height] = [WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM];
    const inside = svg("svg", { x: LEFT, y: TOP, width, height, viewBox: `${LEFT} ${TOP} ${width} ${height}` });
    for (const line of lines) inside.append(...this.reference(line));
    inside.append(svg("path", { d: this.path(), class: "anyf-curve" }));
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
        svg("text", { x, y: floor + 14, class: "anyf-tick", "text-anchor": "middle", text: short(at) }),
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
    const className = `anyf-reference ${kind}`;
    const parts = [];
    if (from) {
      const at = (px) => from[1] + slope * (px - from[0]);
      const [a, b] = this.clipped(at);
      if (a === null) return [];
      parts.push(svg("path", { class: className, d: `M${this.px(a)} ${this.py(at(a))}L${this.px(b)} ${this.py(at(b))}` }));
    } else if (x !== undefined && x >= this.xs[0] && x <= this.xs[1]) {
      parts.push(svg("path", { class: className, d: `M${this.px(x)} ${TOP}V${HEIGHT - BOTTOM}` }));
      if (label) {
        const late = this.px(x) > WIDTH * 0.7;
        const properties = { x: this.px(x) + (late ? -4 : 4), y: TOP + 9, class: "anyf-label", text: label };
        parts.push(svg("text", { ...properties, "text-anchor": late ? "end" : "start" }));
      }
    } else if (y !== undefined && y >= this.ys[0] && y <= this.ys[1]) {
      parts.push(svg("path", { class: className, d: `M${LEFT} ${this.py(y)}H${WIDTH - RIGHT}` }));
      if (label) {
        parts.push(svg("text", { x: LEFT + 4, y: this.py(y) - 4, class: "anyf-label", text: label }));
      }
    }
    return parts;
  }

  /** The part of the x axis on which a straight line stays within the y limits. */
  clipped(at) {
    const [left, right] = this.xs;
    const inside = [];
    for (let i = 0; i <= 200; i += 1) {
      const x = left + ((right - left) * i) / 200;
      if (at(x) >= this.ys[0] && at(x) <= this.ys[1]) inside.push(x);
    }
    return inside.length > 1 ? [inside[0], inside[inside.length - 1]] : [null, null];
  }

  /** The curve, broken where it is not finite. */
  path() {
    const far = 3 * (this.ys[1] - this.ys[0]);
    const wide = this.xs[1] - this.xs[0];
    let text = "";
    let pen = "M";
    for (let i = 0; i < this.x.length; i += 1) {
      const [x, y] = [this.x[i], this.y[i]];
      if (x === null || y === null) {
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
