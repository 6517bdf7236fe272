// A setting with its label, its field, and a place for what is wrong with it.

import { t } from "lab/i18n.js";
import { debounce, el } from "lab/parts.js";

const WAIT = 250;
let serial = 0;

/** A polite live region: fail(text) shows what is wrong, clear() ends it. */
export class Problem {
  constructor(element = el("p", { class: "problem", role: "status", "aria-live": "polite" })) {
    this.element = element;
  }

  fail(text) {
    this.element.textContent = text;
  }

  clear() {
    if (this.element.textContent) this.element.textContent = "";
  }
}

/** A number with a slider: `to` maps a value to the slider's 0..1000, `from` back. */
export class NumberControl {
  constructor({ name, low, high, log = false, whole = false, zero = false, send }) {
    Object.assign(this, { name, low, high, log, whole, zero, send });
    serial += 1;
    const id = `control-${name}`;
    this.pending = false;
    this.failed = false;
    this.problem = new Problem(el("p", { class: "problem", role: "status", "aria-live": "polite", id: `${id}-problem` }));
    this.slider = el("input", {
      type: "range", min: 0, max: this.sliderSteps(), step: 1, "data-t-label": `set.${name}`, id: `${id}-slider`,
      oninput: () => this.slid(),
    });
    this.box = el("input", {
      type: "text", inputmode: "decimal", id, autocomplete: "off", "aria-describedby": `${id}-problem`,
      onchange: () => this.typed(),
    });
    this.element = el("div", { class: "control" },
      el("label", { for: id, "data-t": `set.${name}`, "data-t-title": `set.${name}.what` }), this.slider, this.box,
      this.problem.element);
    this.later = debounce(WAIT, () => this.go());
  }

  sliderSteps() {
    return this.whole && !this.log ? this.high - this.low : 200;
  }

  toSlider(value) {
    const steps = this.sliderSteps();
    if (!this.log) return (value - this.low) / (this.high - this.low) * steps;
    if (this.zero && value < this.low) return 0;
    return Math.log(value / this.low) / Math.log(this.high / this.low) * steps;
  }

  fromSlider(place) {
    const share = place / this.sliderSteps();
    if (!this.log) return this.low + share * (this.high - this.low);
    if (this.zero && place === 0) return 0;
    const value = this.low * (this.high / this.low) ** share;
    return this.whole ? Math.round(value) : Number(value.toPrecision(2));
  }

  slid() {
    this.box.value = text(this.fromSlider(Number(this.slider.value)));
    this.speak();
    this.pending = true;
    this.later();
  }

  typed() {
    this.pending = true;
    this.go();
  }

  go() {
    const raw = this.box.value.trim().replace(",", ".").replace("−", "-");
    const value = Number(raw);
    if (!raw || !Number.isFinite(value)) {
      this.fail(t("control.number", { got: this.box.value }));
      return;
    }
    if (!this.send({ [this.name]: value }, this)) this.pending = false;
  }

  /** Show the value in force, unless another one is on its way or was refused. */
  set(value) {
    this.inForce = value;
    if (this.pending || this.failed || document.activeElement === this.box) return;
    this.box.value = text(value);
    this.slider.value = this.toSlider(value);
    this.speak();
  }

  speak() {
    this.slider.setAttribute("aria-valuetext", this.box.value);
  }

  fail(words) {
    this.pending = false;
    this.failed = true;
    this.box.setAttribute("aria-invalid", "true");
    this.problem.fail(`${words} ${t("control.still", { value: text(this.inForce) })}`);
  }

  clear() {
    this.pending = false;
    this.failed = false;
    this.box.removeAttribute("aria-invalid");
    this.problem.clear();
    if (this.inForce !== undefined) {
      this.box.value = text(this.inForce);
      this.slider.value = this.toSlider(this.inForce);
    }
  }
}

function text(value) {
  if (value === undefined || value === null) return "";
  return String(value);
}

/** A choice among words. */
export class ChoiceControl {
  constructor({ name, choices, send }) {
    Object.assign(this, { name, send });
    const id = `control-${name}`;
    this.problem = new Problem();
    this.select = el("select", { id, onchange: () => this.send({ [name]: this.select.value }, this) },
      ...choices.map((choice) => el("option", { value: choice, "data-t": `${name}.${choice}` })));
    this.element = el("div", { class: "control choice" },
      el("label", { for: id, "data-t": `set.${name}`, "data-t-title": `set.${name}.what` }), this.select,
      this.problem.element);
  }

  set(value) {
    this.inForce = value;
    this.select.value = value;
  }

  fail(words) {
    this.problem.fail(words);
    this.select.value = this.inForce;
  }

  clear() {
    this.problem.clear();
  }
}
