// What the panels show: the switches, and the legend of the field.

import { colour, fieldPalette, onTheme } from "lab/colours.js";
import { onLanguage, remember, remembered, t } from "lab/i18n.js";
import { shown } from "lab/panels.js";
import { el } from "lab/parts.js";

const SWITCHES = ["field", "arrows", "data", "samples", "density"];
/** Where the log-ratios -3, 0 and 3 lie on the bar, whose scale is tanh(l/3). */
const TICKS = [["−3", (1 - Math.tanh(1)) / 2], ["0", 0.5], ["3", (1 + Math.tanh(1)) / 2]];

/** Fill #legend; `panels()` returns the panels to draw again after a switch. */
export function installView(app, panels) {
  const root = document.getElementById("legend");
  const bar = el("canvas", { class: "legend-bar", "aria-hidden": "true" });
  bar.width = 256;
  bar.height = 1;
  const ticks = el("div", { class: "legend-ticks", "aria-hidden": "true" });
  for (const [text, share] of TICKS) {
    const tick = el("span", { text });
    tick.style.left = `${100 * share}%`;
    ticks.append(tick);
  }
  const generated = el("span", { class: "legend-end" });
  const real = el("span", { class: "legend-end" });
  const arrows = el("p", { class: "legend-note" });
  const switches = el("fieldset", { class: "switches" }, el("legend", { class: "unseen", "data-t": "view" }));
  for (const name of SWITCHES) switches.append(viewSwitch(name, panels));
  switches.append(largeSwitch(app));
  root.append(switches,
    el("div", { class: "legend-field" }, generated, el("div", { class: "legend-scale" }, bar, ticks), real), arrows);

  const paint = () => {
    const brush = bar.getContext("2d");
    const image = brush.createImageData(256, 1);
    new Uint32Array(image.data.buffer).set(fieldPalette());
    brush.putImageData(image, 0, 0);
    root.style.setProperty("--real-end", colour("real"));
  };
  paint();
  onTheme(paint);
  let flat = false;
  const words = () => {
    generated.textContent = t("legend.generated");
    real.textContent = t("legend.real");
    arrows.textContent = t(flat ? "legend.flat" : "legend.arrows");
  };
  onLanguage(words);
  app.onMessage("target", ({ header }) => {
    flat = header.dimension === 1;
    words();
  });
}

function viewSwitch(name, panels) {
  const kept = remembered(`fgan-lab-show-${name}`);
  if (kept !== null) shown[name] = kept === "true";
  const input = el("input", { type: "checkbox", id: `show-${name}` });
  input.checked = shown[name];
  input.addEventListener("change", () => {
    shown[name] = input.checked;
    remember(`fgan-lab-show-${name}`, input.checked);
    for (const panel of panels()) panel.redraw(true);
  });
  const sample = el("span", { class: `swatch swatch-${name}`, "aria-hidden": "true" });
  return el("label", { class: "switch" }, input, sample, el("span", { "data-t": `view.${name}` }));
}

function largeSwitch(app) {
  const input = el("input", { type: "checkbox", id: "show-large" });
  const apply = () => app.elements.panels.classList.toggle("large", input.checked);
  input.checked = remembered("fgan-lab-large") === "true";
  apply();
  input.addEventListener("change", () => {
    remember("fgan-lab-large", input.checked);
    apply();
  });
  return el("label", { class: "switch" }, input, el("span", { "data-t": "view.large" }));
}
