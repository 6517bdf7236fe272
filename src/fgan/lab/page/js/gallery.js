// Pictures: members or run directories side by side, from the same latents, which can be changed and walked between.

import { onLanguage, t } from "lab/i18n.js";
import { percent } from "lab/numbers.js";
import { button, el, short } from "lab/parts.js";
import { Grid, picturesOf } from "lab/pictures.js";
import { RunCurves } from "lab/run-curves.js";

const FARTHEST = 3;

class Gallery {
  constructor(app, root) {
    this.app = app;
    this.cards = [];
    this.decoded = null;
    this.entry = 0;
    this.seed = 0;
    this.picked = [];
    this.drawnRuns = null;
    this.build(root);
    app.onMessage("pictures", (decoded) => this.receive(decoded));
    app.onMessage("settings", (message) => this.settled(message));
    onLanguage(() => this.words());
    app.catalogue?.then(({ runs }) => this.offerRuns(runs)).catch(() => {}); // main.js tells of the failure
  }

  build(root) {
    this.heading = el("h2");
    this.intro = el("p", { class: "more-intro" });
    this.train = button("", () => this.trainDigits(), { class: "primary" });
    this.open = button("", () => this.openRuns(), { hidden: true });
    this.controls = el("div", { class: "more-grid more-card", hidden: true });
    this.grids = el("div", { class: "more-grid" });
    root.replaceChildren(this.heading, this.intro, el("div", { class: "more-row" }, this.train, this.open), this.controls, this.grids);
    this.buildControls();
  }

  buildControls() {
    const range = (id, properties, oninput) => el("input", { id, type: "range", oninput, ...properties });
    this.entryChoice = el("select", { id: "gallery-entry", onchange: () => this.chooseEntry(Number(this.entryChoice.value)) });
    this.value = range("gallery-value", { min: -FARTHEST, max: FARTHEST, step: 0.05 }, () => this.setEntry());
    this.valueText = el("output", { for: "gallery-value" });
    this.from = this.pictureChoice("gallery-from", 0);
    this.to = this.pictureChoice("gallery-to", 1);
    this.share = range("gallery-share", { min: 0, max: 1, step: 0.01, value: 0 }, () => this.walk());
    this.shareText = el("output", { for: "gallery-share", text: percent(0) });
    this.classChoice = el("select", { id: "gallery-class", onchange: () => this.chooseClass() });
    this.fresh = button("", () => this.newLatents(this.seed + 1));
    this.undo = button("", () => this.newLatents(this.seed));
    this.labels = {};
    const field = (name, ...children) => {
      this.labels[name] = el("label", { for: `gallery-${name}` });
      return el("div", { class: "gallery-field" }, this.labels[name], ...children);
    };
    this.classField = field("class", this.classChoice);
    this.walkHint = el("p", { class: "more-intro gallery-hint" });
    this.controls.append(
      field("entry", this.entryChoice), field("value", this.value, this.valueText),
      field("from", this.from), field("to", this.to), field("share", this.share, this.shareText),
      this.classField, el("div", { class: "more-row" }, this.fresh, this.undo), this.walkHint,
    );
  }

  pictureChoice(id, which) {
    return el("select", { id, onchange: (event) => this.pick(which, Number(event.target.value)) });
  }

  words() {
    this.heading.textContent = t("gallery.heading");
    this.train.textContent = t("gallery.train");
    this.fresh.textContent = t("gallery.fresh");
    this.undo.textContent = t("gallery.undo");
    this.walkHint.textContent = t("gallery.hint");
    for (const [name, label] of Object.entries(this.labels)) label.textContent = t(`gallery.${name}`);
    if (this.runs) this.open.textContent = t("gallery.open", { count: this.runs.length });
    this.known = this.drawnRuns = null;
    if (this.decoded) this.receive(this.decoded);
    else this.intro.textContent = t("gallery.none");
  }

  offerRuns(runs) {
    if (!runs?.length) return;
    this.runs = runs;
    this.open.hidden = false;
    // Their pictures may have come before this part was there: they are sent again with new latents.
    if (!this.app.settings && !this.decoded) this.app.send({ do: "latents", seed: this.seed });
    this.open.textContent = t("gallery.open", { count: this.runs.length });
  }

  /** The server opens the runs for each new page whose link holds no settings. */
  openRuns() {
    history.replaceState(null, "", location.pathname);
    location.reload();
  }

  trainDigits() {
    const { members } = this.app.settings ?? {};
    this.app.start({ target: "digits", ...(members ? { members } : {}) });
  }

  /** A race on points has no pictures: those of an earlier one go. */
  settled(message) {
    const isPictures = message.settings.target === "digits";
    this.train.disabled = isPictures;
    this.open.disabled = false;
    if (isPictures) return;
    this.decoded = null;
    this.controls.hidden = true;
    this.clear();
    this.intro.textContent = t("gallery.none");
  }

  clear() {
    for (const card of this.cards) card.grid.remove();
    this.cards = [];
    this.grids.replaceChildren();
  }

  receive(decoded) {
    this.decoded = decoded;
    const { header } = decoded;
    const { names } = header;
    if (names.join("\n") !== this.cards.map((card) => card.name).join("\n")) this.arrange(names);
    this.intro.textContent = header.runs ? t("gallery.runs") : t("gallery.members", { step: header.step ?? 0 });
    this.fitControls(header);
    this.cards.forEach((card, k) => this.drawCard(card, k));
    this.open.disabled = Boolean(header.runs);
    if (header.runs) this.drawRuns(header.runs);
  }

  arrange(names) {
    this.clear();
    this.drawnRuns = null;
    this.cards = names.map((name, k) => {
      const dot = el("span", { class: "dot", "aria-hidden": "true" });
      const about = el("p", { class: "gallery-about" });
      const empty = el("p", { class: "more-intro", hidden: true });
      const element = el("figure", { class: "more-card gallery-card" },
        el("figcaption", { class: "gallery-name" }, dot, el("strong", { text: name })), about, empty);
      element.style.setProperty("--member", `var(--m${k % 8})`);
      const grid = new Grid(element, k, (i) => this.pickNext(i));
      this.grids.append(element);
      return { name, element, about, empty, grid, curves: null };
    });
  }

  drawCard({ name, grid, empty }, k) {
    const pictures = picturesOf(this.decoded, k);
    grid.canvas.hidden = !pictures;
    empty.hidden = Boolean(pictures);
    if (!pictures) {
      empty.textContent = t("gallery.empty");
      return;
    }
    grid.marked = this.walking ? [0] : this.picked;
    grid.draw(pictures);
    const { step } = this.decoded.header;
    grid.canvas.setAttribute("aria-label", t("gallery.grid", { name, count: pictures.count, step: step ?? 0 }));
  }

  drawRuns(runs) {
    // Frames also come when only latents change.
    const news = runs.map(({ step, state, problem, curves }) => `${step} ${state} ${problem} ${curves.step.length}`).join();
    if (news === this.drawnRuns) return;
    this.drawnRuns = news;
    runs.forEach((run, k) => {
      const card = this.cards[k];
      if (!card) return;
      const { divergence, step, steps, state, problem, data } = run;
      card.about.textContent = t("gallery.about", { divergence, step, steps: steps ?? "–", state, data: data ?? "" });
      if (problem) card.about.append(el("span", { class: "gallery-problem", text: ` ${problem}` }));
      card.curves ??= new RunCurves(card.element);
      card.curves.draw(run.curves, run.name);
    });
  }

  fitControls({ latent, values, labels, label }) {
    const first = this.cards.map((_, k) => picturesOf(this.decoded, k)).find(Boolean);
    this.controls.hidden = !latent || !first;
    if (this.controls.hidden) return;
    this.values = values;
    const known = `${latent} ${labels.join("\n")} ${first.count}`;
    if (known !== this.known) this.fillChoices(latent, labels, first.count, label);
    this.known = known;
    if (document.activeElement !== this.value) this.showEntry();
  }

  fillChoices(dimension, classes, count, label) {
    const options = (texts) => texts.map((text, i) => el("option", { value: i, text }));
    this.entry = Math.min(this.entry, dimension - 1);
    this.entryChoice.replaceChildren(...options(Array.from({ length: dimension }, (_, i) => `z${i + 1}`)));
    this.entryChoice.value = this.entry;
    for (const choice of [this.from, this.to]) {
      choice.replaceChildren(el("option", { value: -1, text: "–" }), ...options(Array.from({ length: count }, (_, i) => String(i + 1))));
    }
    this.showPicked();
    this.classField.hidden = !classes.length;
    this.classChoice.replaceChildren(el("option", { value: "", text: t("gallery.all") }), ...options(classes));
    this.classChoice.value = label ?? "";
  }

  chooseEntry(index) {
    this.entry = index;
    this.showEntry();
  }

  showEntry() {
    const value = this.values?.[this.entry] ?? 0;
    this.value.value = Math.min(FARTHEST, Math.max(-FARTHEST, value));
    this.valueText.textContent = short(value);
  }

  setEntry() {
    const value = Number(this.value.value);
    this.valueText.textContent = short(value);
    this.app.send({ do: "latent", index: this.entry, value });
  }

  chooseClass() {
    const { value } = this.classChoice;
    this.app.send({ do: "class", label: value === "" ? null : Number(value) });
  }

  newLatents(seed) {
    this.seed = seed;
    this.setPicked([]);
    this.app.send({ do: "latents", seed });
  }

  /** A click chooses the start of a walk, the next one its end. */
  pickNext(i) {
    if (this.walking) return; // what is shown is the walk, not the pictures it goes between
    if (this.picked.includes(i)) this.setPicked(this.picked.filter((one) => one !== i));
    else this.setPicked([...this.picked.slice(-1), i]);
  }

  pick(which, i) {
    const wanted = [Number(this.from.value), Number(this.to.value)];
    wanted[which] = i;
    this.setPicked(wanted.filter((one, at) => one >= 0 && wanted.indexOf(one) === at));
    if (this.walking) this.walk();
  }

  setPicked(picked) {
    this.picked = picked;
    if (picked.length < 2) {
      this.walking = false;
      this.share.value = 0;
      this.shareText.textContent = percent(0);
    }
    this.showPicked();
    if (this.decoded) this.cards.forEach((card, k) => this.drawCard(card, k));
  }

  showPicked() {
    this.from.value = this.picked[0] ?? -1;
    this.to.value = this.picked[1] ?? -1;
    this.share.disabled = this.picked.length < 2;
  }

  walk() {
    if (this.picked.length < 2) return;
    const share = Number(this.share.value);
    this.walking = true;
    this.shareText.textContent = percent(share);
    this.app.send({ do: "walk", from: this.picked[0], to: this.picked[1], share });
  }
}

/** Fill the section. */
export function install(app) {
  const root = document.getElementById("gallery");
  if (root) new Gallery(app, root);
}
