// Guided tours: each sets the lab up step by step, says what to look at, and reports what it then sees.

import { language, onLanguage, t } from "lab/i18n.js";
import { button, el } from "lab/parts.js";
import { figuresOf, PLAIN } from "lab/stories/figures.js";
import penalty from "lab/stories/penalty.js";
import saturation from "lab/stories/saturation.js";
import collapse from "lab/stories/collapse.js";
import seeking from "lab/stories/seeking.js";
import trick from "lab/stories/trick.js";

const STORIES = [seeking, trick, saturation, penalty, collapse];
const TYPING = new Set(["INPUT", "SELECT", "TEXTAREA"]);

class Stories {
  constructor(app, root) {
    this.app = app;
    this.story = null;
    this.step = 0;
    this.figures = null;
    this.target = null;
    this.before = null;
    this.build(root);
    app.onMessage("target", (decoded) => { this.target = decoded; });
    app.onMessage("settings", (message) => this.settled(message));
    app.onMessage("state", (message) => this.paused(!message.playing));
    app.onFrame((decoded) => this.receive(decoded));
    document.addEventListener("keydown", (event) => this.key(event));
    if (app.settings) this.settled(app);
    onLanguage(() => this.words());
  }

  build(root) {
    this.heading = el("h2");
    this.intro = el("p", { class: "more-intro" });
    this.list = el("ol", { class: "stories-list more-grid" });
    this.restore = button("", () => this.back(), { hidden: true });
    root.replaceChildren(this.heading, this.intro, this.list, this.restore);

    this.place = el("span", { class: "story-place" });
    this.title = el("strong");
    this.text = el("p", { class: "story-text" });
    this.bar = el("progress", { max: 1 });
    this.waitText = el("span", { class: "story-wait" });
    this.found = el("p", { class: "story-found" });
    this.previous = button("", () => this.go(this.step - 1));
    this.next = button("", () => this.go(this.step + 1), { class: "primary" });
    this.leave = button("", () => this.end());
    this.card = el("aside", { id: "story-card", hidden: true },
      el("div", { class: "story-head" }, this.title, this.place),
      el("div", { "aria-live": "polite", "aria-atomic": "false" }, this.text, this.found),
      el("div", { class: "story-progress" }, this.bar, this.waitText),
      el("div", { class: "more-row" }, this.previous, this.next, this.leave));
    document.body.append(this.card);
  }

  words() {
    this.heading.textContent = t("stories.heading");
    this.intro.textContent = t("stories.intro");
    this.restore.textContent = t("stories.restore");
    this.previous.textContent = t("stories.previous");
    this.leave.textContent = t("stories.leave");
    this.card.setAttribute("aria-label", t("stories.card"));
    this.list.replaceChildren(...STORIES.map((story, i) => el("li", { class: "more-card" },
      el("h3", { text: this.say(story.title) }), el("p", { text: this.say(story.about) }),
      button(t("stories.start"), () => this.begin(story), { "aria-label": `${t("stories.start")}: ${this.say(story.title)}`, "data-story": i + 1 }))));
    if (this.story) this.show();
  }

  say(words) {
    return words[language()] ?? words.en;
  }

  begin(story) {
    if (!this.story) this.before = structuredClone(this.app.settings);
    this.seed = this.before?.seed ?? 0;
    this.story = story;
    this.card.hidden = false;
    document.body.classList.add("has-story");
    this.restore.hidden = true;
    this.app.show?.("race");
    this.go(0);
    this.next.focus({ preventScroll: true });
  }

  /** Go to a step: set the lab up for it. Going back sets the lab up anew from the last step that started a race. */
  go(step) {
    if (step < 0) return;
    if (step >= this.story.steps.length) {
      this.end();
      return;
    }
    const forward = step > this.step;
    this.step = step;
    const { start, change } = this.story.steps[step];
    this.from = null;
    this.figures = null;
    this.done = false;
    if (start) this.startRace(start);
    else if (change && forward) this.app.change(change);
    else if (!forward) this.replayUpTo(step);
    this.show();
  }

  startRace(settings) {
    this.reported = null;
    this.awaited = true; // frames of the race before do not count
    this.app.start({ ...PLAIN, seed: this.seed, ...settings });
  }

  replayUpTo(step) {
    const steps = this.story.steps.slice(0, step + 1);
    const first = steps.findLastIndex((one) => one.start);
    const settings = Object.assign({}, ...steps.slice(first).map((one) => one.start ?? one.change ?? {}));
    this.startRace(settings);
  }

  settled(message) {
    this.message = message;
    this.awaited = false;
    this.isPaused = !message.playing;
    if (this.story) this.look();
  }

  paused(value) {
    this.isPaused = value;
    if (this.story) this.progress();
  }

  receive(decoded) {
    if (!this.story || this.awaited || !this.message || !this.target || decoded.header.kind !== "frame") return;
    if (decoded.header.run !== this.message.run) return;
    this.isPaused = !decoded.header.playing;
    this.figures = figuresOf(decoded, this.target, this.message);
    if (this.from === null) {
      this.from = this.figures.step;
      this.earlier = this.reported ?? this.figures;
    }
    this.progress();
  }

  show() {
    const { steps } = this.story;
    this.title.textContent = this.say(this.story.title);
    this.place.textContent = t("stories.place", { step: this.step + 1, of: steps.length });
    this.text.textContent = this.say(steps[this.step].text);
    this.previous.disabled = this.step === 0;
    this.next.textContent = t(this.step === steps.length - 1 ? "stories.finish" : "stories.next");
    this.found.textContent = "";
    this.done = false;
    this.look();
    this.progress();
  }

  /** How far the wait of this step has come, and what is seen when it is over. */
  progress() {
    const { wait, found } = this.story.steps[this.step];
    this.bar.hidden = !wait || this.done;
    if (this.done || !wait) {
      this.waitText.textContent = "";
      return;
    }
    const steps = this.figures ? this.figures.step - this.from : 0;
    const over = this.figures && steps >= wait.steps;
    this.bar.value = Math.min(1, steps / wait.steps);
    const key = this.isPaused ? "stories.paused" : "stories.wait";
    this.waitText.textContent = t(key, { step: Math.min(steps, wait.steps), of: wait.steps });
    if (!over) return;
    this.done = true;
    this.bar.hidden = true;
    this.waitText.textContent = "";
    this.reported = this.figures;
    if (!found) this.found.textContent = "";
    else if (this.isIntact()) this.found.textContent = this.report(found(this.figures, this.earlier));
    else this.found.textContent = t("stories.changed");
  }

  /** Whether the race still has the members that this step speaks of. */
  isIntact() {
    const told = this.story.steps.slice(0, this.step + 1).map((one) => one.start ?? one.change);
    const members = told.findLast((one) => one?.members)?.members;
    const names = (list) => list.map((one) => one.divergence).join();
    return !members || names(members) === names(this.message.settings.members);
  }

  /** The figures, and the claim of the step only where they bear it out. */
  report({ claim, ...words }) {
    const figures = this.say(words);
    if (!claim) return figures;
    const [holds, en, zh] = claim;
    return `${figures} ${holds ? this.say({ en, zh }) : t("stories.unsettled")}`;
  }

  /** Mark what this step is about. */
  look() {
    for (const old of document.querySelectorAll(".story-look")) old.classList.remove("story-look");
    if (!this.story) return;
    const selectors = this.story.steps[this.step].look;
    for (const element of document.querySelectorAll(selectors)) element.classList.add("story-look");
    if (this.scrolled !== selectors) document.querySelector(selectors[0])?.scrollIntoView({ block: "nearest" });
    this.scrolled = selectors;
  }

  end() {
    this.story = null;
    this.card.hidden = true;
    document.body.classList.remove("has-story");
    this.look();
    this.restore.hidden = this.before === null;
    document.getElementById("main").focus({ preventScroll: true });
    if (this.before) this.app.note(t("stories.left"));
  }

  back() {
    this.app.start(this.before);
    this.before = null;
    this.restore.hidden = true;
    this.app.show?.("race");
  }

  key(event) {
    if (!this.story || event.altKey || event.ctrlKey || event.metaKey || event.defaultPrevented) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.key === "Escape") {
      this.end();
      return;
    }
    if (TYPING.has(event.target.tagName) || event.target.closest?.("[role=slider], [role=tablist]")) return;
    if (event.key === "ArrowRight") this.go(this.step + 1);
    else if (event.key === "ArrowLeft") this.go(this.step - 1);
  }
}

/** Fill the section. */
export function install(app) {
  const root = document.getElementById("stories");
  if (root) new Stories(app, root);
}
