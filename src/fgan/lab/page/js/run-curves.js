// The curves of a run directory: bound and losses over steps, as a small picture of lines.

import { ticks } from "lab/any-f-plot.js";
import { t } from "lab/i18n.js";
import { short, svg } from "lab/parts.js";

const WIDTH = 320;
const HEIGHT = 150;
const [LEFT, RIGHT, TOP, BOTTOM] = [44, 8, 18, 20];
const LINES = ["bound", "critic_loss", "generator_loss"];

/** Where nearly all values lie: a spike at the beginning must not flatten the rest. */
function limits(values) {
  const sorted = values.filter((value) => Number.isFinite(value)).sort((a, b) => a - b);
  if (!sorted.length) return [0, 1];
  const at = (share) => sorted[Math.round(share * (sorted.length - 1))];
  const [low, high] = [at(0.02), at(0.98)];
  const room = (high - low || Math.abs(high) || 1) * 0.08;
  return [low - room, high + room];
}

function path(steps, values, x, y) {
  let text = "";
  let pen = "M";
  steps.forEach((step, i) => {
    if (!Number.isFinite(values[i])) pen = "M";
    else {
      text += `${pen}${x(step).toFixed(1)} ${y(values[i]).toFixed(1)}`;
      pen = "L";
    }
  });
  return text;
}

/** An SVG with the curves {step, bound, critic_loss, generator_loss} of a run. */
export function runCurves(curves, name) {
  const steps = curves.step ?? [];
  const present = LINES.filter((line) => curves[line]?.some((value) => Number.isFinite(value)));
  const [low, high] = limits(present.flatMap((line) => curves[line]));
  const last = steps.at(-1) || 1;
  const x = (step) => LEFT + (step / last) * (WIDTH - LEFT - RIGHT);
  const y = (value) => HEIGHT - BOTTOM - ((value - low) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const parts = [svg("path", { class: "anyf-axis", d: `M${LEFT} ${TOP}V${HEIGHT - BOTTOM}H${WIDTH - RIGHT}` })];
  for (const tick of ticks(low, high, 3)) {
    parts.push(
      svg("path", { class: "anyf-grid", d: `M${LEFT} ${y(tick)}H${WIDTH - RIGHT}` }),
      svg("text", { class: "anyf-tick", x: LEFT - 5, y: y(tick) + 4, "text-anchor": "end", text: short(tick) }),
    );
  }
  for (const tick of ticks(0, last, 4)) {
    const end = x(tick) > WIDTH - 30;
    parts.push(svg("text", { class: "anyf-tick", x: end ? WIDTH - RIGHT : x(tick), y: HEIGHT - 6, "text-anchor": end ? "end" : "middle", text: short(tick, 5) }));
  }
  const inside = svg("svg", { x: LEFT, y: TOP, width: WIDTH - LEFT - RIGHT, height: HEIGHT - TOP - BOTTOM,
    viewBox: `${LEFT} ${TOP} ${WIDTH - LEFT - RIGHT} ${HEIGHT - TOP - BOTTOM}` });
  present.forEach((line, i) => {
    inside.append(svg("path", { class: `run-line run-${line}`, d: path(steps, curves[line], x, y) }));
    parts.push(svg("text", { class: `run-name run-${line}`, x: LEFT + i * 92, y: 11, text: t(`gallery.${line}`) }));
  });
  const said = present.map((line) => `${t(`gallery.${line}`)} ${short(curves[line].findLast((value) => Number.isFinite(value)))}`);
  const label = t("gallery.curves", { name, step: last, values: said.join(", ") });
  return svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "anyf-plot", role: "img", "aria-label": label }, ...parts, inside);
}
