// The curves of a run directory: bound and losses over steps, with the values under the pointer.

import { Plot } from "lab/any-f-plot.js";
import { t } from "lab/i18n.js";
import { short } from "lab/parts.js";

const LINES = ["bound", "critic_loss", "generator_loss"];

/** Where nearly all values lie: a spike at the beginning must not flatten the rest. */
function limits(values) {
  const sorted = values.filter((value) => Number.isFinite(value)).sort((a, b) => a - b);
  if (!sorted.length) return [0, 1];
  const [low, high] = [0.02, 0.98].map((share) => sorted[Math.round(share * (sorted.length - 1))]);
  const room = (high - low || Math.abs(high) || 1) * 0.08;
  return [low - room, high + room];
}

export class RunCurves {
  constructor(root) {
    this.plot = new Plot(root, { x: "", y: "", onmove: (step) => this.read(step) });
  }

  /** `curves`: {step, bound, critic_loss, generator_loss}, as long as each other. */
  draw(curves, name) {
    this.curves = curves;
    this.plot.names.x = t("gallery.step");
    this.present = LINES.filter((line) => curves[line].some((value) => Number.isFinite(value)));
    const last = curves.step.at(-1) || 1;
    this.plot.draw({
      x: curves.step, curves: this.present.map((line) => ({ y: curves[line], kind: `run-${line}` })),
      xs: [0, last], ys: limits(this.present.flatMap((line) => curves[line])),
    });
    this.read(Infinity);
    this.plot.svg.setAttribute("aria-label", t("gallery.curves", { name, step: last, values: this.plot.reading.textContent }));
  }

  /** The values at the last step that is no later, each in the colour of its curve. */
  read(step) {
    const at = Math.max(0, this.curves.step.findLastIndex((one) => one <= step));
    const parts = this.present.map((line) => {
      const part = document.createElement("span");
      part.className = `run-${line}`;
      part.textContent = `${t(`gallery.${line}`)} ${short(this.curves[line][at])} `;
      return part;
    });
    this.plot.reading.replaceChildren(...parts);
  }
}
