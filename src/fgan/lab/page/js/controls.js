// Transport, keys, and the settings of training.

import { openHelp } from "lab/chrome.js";
import { ChoiceControl, NumberControl, Problem } from "lab/control.js";
import { onLanguage, t, translate } from "lab/i18n.js";
import { installMembers } from "lab/members.js";
import { button, el } from "lab/parts.js";

const PENALTIES = ["none", "r1", "r2", "r1+r2", "gp", "dragan", "noise"];
const PACES = [1, 2, 5, 10, 30, 100, 300];
const TURN = 900;
const STATUS_EVERY = 200;
const FIELDS = new Set(["INPUT", "SELECT", "TEXTAREA"]);
const PRESSABLE = new Set(["BUTTON", "SUMMARY", "A"]);

export function installControls(app) {
  const transport = new Transport(app);
  installKeys(app, transport);
  installTraining(app);
  installMembers(app);
}

class Transport {
  constructor(app) {
    this.app = app;
    this.turn = null;
    this.timer = 0;
    this.shownAt = 0;
    this.problem = new Problem(document.getElementById("transport-problem"));
    this.build(document.getElementById("transport"));
    app.onMessage("settings", () => this.update());
    app.onMessage("state", () => this.update());
    app.onMessage("error", (message) => {
      if (!["step", "pace", "play", "pause"].includes(message.about)) return false;
      this.problem.fail(message.message);
      return true;
    });
    app.onFrame(({ header }) => this.status(header));
    onLanguage(() => this.update());
  }

  build(root) {
    const act = (key, fn, properties = {}) =>
      button("", fn, { "data-t": `do.${key}`, "data-t-title": `do.${key}.what`, id: `do-${key}`, ...properties });
    this.play = button("", () => this.toggle(), { class: "primary", id: "do-play" });
    this.slow = act("slow", () => this.setSlow(!this.timer), { "aria-pressed": "false" });
    this.pace = el("select", { id: "pace", "data-t-label": "pace", onchange: () => this.setPace() },
      el("option", { value: "", "data-t": "pace.fast" }),
      ...PACES.map((pace) => el("option", { value: pace })));
    this.step = el("span", { class: "step", id: "step" });
    this.rate = el("span", { class: "rate" });
    this.turnText = el("span", { class: "turn", role: "status" });
    root.append(
      el("div", { class: "transport-row" },
        el("div", { class: "buttons" }, this.play, act("both", () => this.once("both")),
          act("critic", () => this.once("critic")), act("generator", () => this.once("generator")), this.slow),
        this.pace,
        el("div", { class: "buttons" }, act("restart", () => this.restart()), act("seed", () => this.newSeed()))),
      el("div", { class: "status" }, this.turnText, this.step, this.rate));
  }

  update() {
    this.play.textContent = t(this.app.playing ? "do.pause" : "do.play");
    this.play.title = t("do.play.what");
    for (const option of this.pace.options) {
      if (option.value) option.textContent = t("pace.steps", { count: option.value });
    }
    this.slow.setAttribute("aria-pressed", Boolean(this.timer));
    this.shownAt = 0;
    if (this.app.header) this.status(this.app.header);
  }

  status(header) {
    const now = performance.now();
    if (now - this.shownAt < STATUS_EVERY && this.app.playing) return;
    this.shownAt = now;
    this.step.textContent = t("status.step", { step: header.step.toLocaleString("en") });
    const rate = header.steps_per_second;
    this.rate.textContent = this.app.playing && Number.isFinite(rate)
      ? t("status.rate", { rate: rate < 10 ? rate.toFixed(1) : Math.round(rate) }) : "";
  }

  toggle() {
    if (this.timer) {
      this.setSlow(false);
      return;
    }
    this.problem.clear();
    this.app.send({ do: this.app.playing ? "pause" : "play" });
  }

  once(player) {
    if (this.timer) this.setSlow(false);
    this.problem.clear();
    this.app.send({ do: "step", player, count: 1 });
  }

  restart() {
    this.app.restart({}, this.problem);
  }

  newSeed() {
    this.app.restart({ seed: (this.app.settings?.seed ?? 0) + 1 }, this.problem);
  }

  setPace() {
    this.app.send({ do: "pace", steps_per_second: this.pace.value ? Number(this.pace.value) : null });
  }

  /** Slow motion: critic and generator take turns, slowly enough to see what each does. */
  setSlow(on) {
    clearInterval(this.timer);
    this.timer = on ? setInterval(() => this.takeTurn(), TURN) : 0;
    this.turn = null;
    this.turnText.textContent = "";
    this.app.elements.panels.dataset.turn = "";
    this.update();
    if (on) this.takeTurn();
  }

  takeTurn() {
    if (document.hidden) return;
    this.turn = this.turn === "critic" ? "generator" : "critic";
    const count = this.turn === "critic" ? this.app.settings?.n_critic ?? 1 : 1;
    if (!this.app.send({ do: "step", player: this.turn, count })) {
      this.setSlow(false);
      return;
    }
    this.turnText.textContent = t(`turn.${this.turn}`);
    this.app.elements.panels.dataset.turn = this.turn;
  }
}

function installKeys(app, transport) {
  const keys = {
    " ": () => transport.toggle(),
    s: () => transport.once("both"),
    c: () => transport.once("critic"),
    g: () => transport.once("generator"),
    r: () => transport.restart(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (isTyping(event.target)) return;
    if (event.key === "?") {
      openHelp();
      return;
    }
    const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act || app.elements.race.hidden) return;
    // A focused button answers to the space bar itself.
    if (event.key === " " && (PRESSABLE.has(event.target.tagName) || FIELDS.has(event.target.tagName))) return;
    event.preventDefault();
    if (!event.repeat || "scg".includes(event.key)) act();
  });
}

function isTyping(element) {
  if (element.isContentEditable) return true;
  if (!FIELDS.has(element.tagName)) return false;
  return !["range", "checkbox", "button"].includes(element.type);
}

function installTraining(app) {
  const root = app.elements.controls;
  const change = (partial, from) => app.change(partial, from);
  const anew = (partial, from) => app.restart(partial, from);
  const main = [
    new NumberControl({ name: "lr", low: 1e-5, high: 0.1, log: true, send: change }),
    new NumberControl({ name: "critic_lr", low: 1e-5, high: 0.1, log: true, send: change }),
    new ChoiceControl({ name: "penalty", choices: PENALTIES, send: change }),
    new NumberControl({ name: "gamma", low: 0.001, high: 100, log: true, zero: true, send: change }),
    new NumberControl({ name: "n_critic", low: 1, high: 10, whole: true, send: change }),
    new NumberControl({ name: "batch", low: 16, high: 512, log: true, whole: true, send: change }),
    new NumberControl({ name: "width", low: 1, high: 256, log: true, whole: true, send: change }),
    new NumberControl({ name: "depth", low: 0, high: 4, whole: true, send: change }),
  ];
  const rest = [
    new NumberControl({ name: "critic_width", low: 1, high: 256, log: true, whole: true, send: anew }),
    new NumberControl({ name: "critic_depth", low: 0, high: 4, whole: true, send: anew }),
    new NumberControl({ name: "seed", low: 0, high: 100, whole: true, send: anew }),
  ];
  const more = el("details", { class: "more-settings" }, el("summary", { "data-t": "controls.anew" }),
    el("div", { class: "anew" }, ...rest.map((control) => control.element)));
  root.append(...main.map((control) => control.element), more);
  const gamma = main.find((control) => control.name === "gamma");
  app.onMessage("settings", ({ settings }) => {
    for (const control of [...main, ...rest]) control.set(settings[control.name]);
    gamma.element.classList.toggle("idle", settings.penalty === "none");
  });
  translate(root);
}
