// The any-f panel: write f(u), see f, f*, T and w, which laws hold, and race it.

import { interpolate, Plot, yLimits } from "lab/any-f-plot.js";
import { onLanguage, t } from "lab/i18n.js";
import { button, debounce, el, short } from "lab/parts.js";

const EXAMPLES = [
  "u*log(u)", "-log(u)", "(u-1)**2", "(sqrt(u)-1)**2", "u*log(u) - (u+1)*log((u+1)/2)", "abs(u-1)/2", "(u-1)**4",
  "max(u,1)*log(u)", "u*log(u) + 0.1*sqrt(u)",
];
const TABLE = [0.2, 0.5, 1, 2, 5];
/** Log-ratios from -2 to 2 are shown, and ratios up to 4 of f: the server sends f* for the t that these reach. */
const SHOWN = 2;
const U_SHOWN = 4;
const MOST_MEMBERS = 8;

class AnyF {
  constructor(app, root) {
    this.app = app;
    this.id = 0;
    this.answer = null;
    this.logRatio = Math.log(2);
    this.build(root);
    this.ask = debounce(250, () => this.send());
    app.onMessage("f", (message) => this.receive(message));
    app.onMessage("laws", (message) => this.receiveLaws(message));
    app.onMessage("ready", () => this.send());
    app.onShow?.((id) => { if (id === "any-f" && !this.answer) this.send(); });
    this.input.value = EXAMPLES[0];
    onLanguage(() => this.words());
  }

  build(root) {
    this.heading = el("h2");
    this.intro = el("p", { class: "more-intro" });
    this.input = el("input", {
      id: "anyf-text", type: "text", autocomplete: "off", autocapitalize: "off", spellcheck: "false", maxlength: 2000,
      "aria-describedby": "anyf-said", oninput: () => this.typed(),
      onkeydown: (event) => event.key === "Enter" && this.send(),
    });
    this.inputLabel = el("label", { for: "anyf-text" });
    this.examples = el("div", { class: "more-row anyf-examples", role: "group" });
    this.said = el("p", { id: "anyf-said", class: "anyf-said", role: "status" });
    this.race = button("", () => this.addMember(), { class: "primary" });
    this.slider = el("input", {
      id: "anyf-ratio", type: "range", min: -SHOWN, max: SHOWN, step: 0.02, oninput: () => this.move(Number(this.slider.value)),
    });
    this.sliderLabel = el("label", { for: "anyf-ratio" });
    this.plotsRoot = el("div", { class: "more-grid" });
    this.results = el("div");
    this.lawsHeading = el("h3");
    this.laws = el("ul", { class: "anyf-laws" });
    this.notes = el("ul", { class: "anyf-notes" });
    this.table = el("table", { class: "more-table" });
    this.tableName = el("summary");
    root.replaceChildren(
      this.heading, this.intro,
      el("div", { class: "anyf-entry" }, this.inputLabel, this.input, this.race),
      this.examples, this.said, this.results,
    );
    this.results.append(
      this.plotsRoot,
      el("div", { class: "anyf-slider" }, this.sliderLabel, this.slider),
      el("details", {}, this.tableName, el("div", { class: "more-scroll" }, this.table)),
      this.lawsHeading, this.laws, this.notes,
    );
    this.buildPlots();
  }

  buildPlots() {
    const over = (x, y, onmove) => new Plot(this.plotsRoot, { x, y, onmove });
    this.plots = {
      f: over("u", "f(u)", (u) => u > 0 && this.move(Math.log(u))),
      conjugate: over("t", "f*(t)", (value) => this.moveToT(value)),
      T: over("l", "T(l)", (l) => this.move(l)),
      w: over("l", "w", (l) => this.move(l)),
    };
  }

  words() {
    this.heading.textContent = t("anyf.heading");
    this.intro.textContent = t("anyf.intro");
    this.inputLabel.textContent = "f(u) =";
    this.input.setAttribute("aria-label", t("anyf.field"));
    this.race.textContent = t("anyf.race");
    this.examples.setAttribute("aria-label", t("anyf.examples"));
    this.examples.replaceChildren(...EXAMPLES.map((text) => button(text, () => this.tryOut(text))));
    this.lawsHeading.textContent = t("anyf.laws");
    this.tableName.textContent = t("anyf.table");
    for (const [name, plot] of Object.entries(this.plots)) plot.label(t(`anyf.plot.${name}`), t(`anyf.seen.${name}`));
    this.move(this.logRatio);
    if (this.answer) this.show();
    else this.said.textContent = t("anyf.waiting");
  }

  tryOut(text) {
    this.input.value = text;
    this.send();
  }

  typed() {
    this.race.disabled = true;
    this.ask();
  }

  send() {
    const text = this.input.value.trim();
    this.race.disabled = true;
    if (!text) {
      this.complain(t("anyf.empty"));
      return;
    }
    this.id += 1;
    if (!this.app.send({ do: "f", id: this.id, text })) return;
    this.say(t("anyf.checking", { text }));
    this.results.classList.add("is-old");
  }

  say(text, isError = false) {
    this.said.textContent = text;
    this.said.classList.toggle("is-error", isError);
    if (isError) this.input.setAttribute("aria-invalid", "true");
    else this.input.removeAttribute("aria-invalid");
  }

  complain(text) {
    this.say(text, true);
    this.results.classList.toggle("is-old", Boolean(this.answer));
  }

  receive(message) {
    if (message.id !== this.id) return; // an older question's answer
    if (message.error) {
      this.complain(message.error);
      return;
    }
    this.answer = message;
    this.show();
  }

  receiveLaws(message) {
    if (message.id !== this.id) return;
    this.checked = message;
    this.showLaws();
  }

  show() {
    const { notes } = this.answer;
    this.results.classList.remove("is-old");
    this.race.disabled = false;
    this.showLaws();
    this.notes.replaceChildren(...notes.map((note) => el("li", { text: note })));
    this.drawPlots();
    this.fillTable();
    this.move(this.logRatio);
  }

  /** What is known of the laws: they are checked after the curves are shown. */
  showLaws() {
    const { recognised, name, id } = this.answer;
    const known = recognised ? t("anyf.recognised", { name: recognised }) : t("anyf.own", { name });
    const checked = this.checked?.id === id ? this.checked : {};
    const laws = checked.laws ?? [];
    const broken = laws.filter((law) => !law.holds).length;
    const verdict = broken ? t("anyf.breaks", { count: broken }) : t("anyf.holds");
    this.say(`${known} ${checked.error ?? (checked.laws ? verdict : t("anyf.laws.checking"))}`);
    this.laws.replaceChildren(...laws.map((law) => this.law(law)));
  }

  law({ name, holds, what }) {
    const mark = el("span", { class: holds ? "anyf-tick-mark" : "anyf-cross-mark", text: holds ? "✓" : "✗", "aria-hidden": "true" });
    const spoken = el("span", { class: "unseen", text: t(holds ? "anyf.law.holds" : "anyf.law.fails") });
    return el("li", { class: holds ? "" : "is-broken" }, mark, " ", spoken, " ", name, what ? el("span", { class: "anyf-what", text: ` ${what}` }) : null);
  }

  drawPlots() {
    const { u, f, t: ts, conjugate, log_ratio: l, T, w } = this.answer;
    const slope = this.answer.threshold ?? interpolate(l, T, 0);
    const name = t("anyf.slope");
    this.plots.f.draw({
      x: u, curves: [{ y: f }], xs: [0, U_SHOWN], ys: yLimits(u, f, [0.12, U_SHOWN]),
      lines: [{ x: 1, kind: "is-faint" }, ...(slope === null ? [] : [{ from: [1, interpolate(u, f, 1) ?? 0], slope }])],
    });
    const xs = this.tLimits();
    this.plots.conjugate.draw({
      x: ts, curves: [{ y: conjugate }], xs, ys: yLimits(ts, conjugate, xs),
      lines: slope === null ? [] : [
        { x: slope, label: `${name} = ${short(slope)}` }, { from: [slope, interpolate(ts, conjugate, slope) ?? slope], slope: 1 },
      ],
    });
    this.plots.T.draw({
      x: l, curves: [{ y: T }], xs: [-SHOWN, SHOWN], ys: yLimits(l, T, [-SHOWN, SHOWN]),
      lines: [{ x: 0, kind: "is-faint" }, ...(slope === null ? [] : [{ y: slope, label: `${name} = ${short(slope)}` }])],
    });
    const [lowest, highest] = yLimits(l, w, [-SHOWN, SHOWN]);
    this.plots.w.draw({ x: l, curves: [{ y: w }], xs: [-SHOWN, SHOWN], ys: [Math.min(lowest, 0), highest], lines: [{ x: 0, kind: "is-faint" }] });
  }

  /** The t that ratios between e^-2 and e^2 reach, and a little more. */
  tLimits() {
    const { log_ratio: l, T } = this.answer;
    const seen = T.filter((value, i) => value !== null && Math.abs(l[i]) <= SHOWN);
    if (!seen.length) return [-1, 1];
    const [low, high] = [Math.min(...seen), Math.max(...seen)];
    const room = (high - low || 1) * 0.1;
    return [low - room, high + room];
  }

  /** All values at one log-ratio. */
  valuesAt(l) {
    const a = this.answer;
    const u = Math.exp(l);
    const T = interpolate(a.log_ratio, a.T, l);
    const conjugate = T === null ? null : interpolate(a.t, a.conjugate, T);
    // Beyond the ratios that are sent, f follows from f*: f(u) = uT - f*(T) where T = f'(u).
    const f = u > U_SHOWN && conjugate !== null ? u * T - conjugate : interpolate(a.u, a.f, u);
    return { u, f, T, conjugate, w: interpolate(a.log_ratio, a.w, l) };
  }

  move(l) {
    this.logRatio = Math.min(SHOWN, Math.max(-SHOWN, l));
    this.slider.value = this.logRatio;
    const u = Math.exp(this.logRatio);
    this.sliderLabel.textContent = t("anyf.ratio", { u: short(u), l: short(this.logRatio) });
    this.slider.setAttribute("aria-valuetext", `u = ${short(u)}`);
    if (!this.answer) return;
    const at = this.valuesAt(this.logRatio);
    this.plots.f.at(at.u, at.f);
    this.plots.conjugate.at(at.T, at.conjugate);
    this.plots.T.at(this.logRatio, at.T);
    this.plots.w.at(this.logRatio, at.w);
  }

  /** T rises with l, so the l whose T is nearest to t is the one meant. */
  moveToT(value) {
    const { log_ratio: l, T } = this.answer;
    let best = null;
    T.forEach((seen, i) => {
      if (seen === null || Math.abs(l[i]) > SHOWN) return;
      if (best === null || Math.abs(seen - value) < Math.abs(T[best] - value)) best = i;
    });
    if (best !== null) this.move(l[best]);
  }

  fillTable() {
    const heads = ["u", "f(u)", "T = f'(u)", "f*(T)", "w"];
    const rows = TABLE.map((u) => {
      const at = this.valuesAt(Math.log(u));
      return [u, at.f, at.T, at.conjugate, at.w].map((value) => short(value));
    });
    this.table.replaceChildren(
      el("caption", { text: t("anyf.caption", { name: this.answer.name }) }),
      el("thead", {}, el("tr", {}, ...heads.map((text) => el("th", { scope: "col", text })))),
      el("tbody", {}, ...rows.map(([first, ...rest]) => el("tr", {},
        el("th", { scope: "row", text: first }), ...rest.map((text) => el("td", { text }))))),
    );
  }

  addMember() {
    const members = this.app.settings.members;
    if (members.length >= MOST_MEMBERS) {
      this.say(t("anyf.full", { most: MOST_MEMBERS }), true);
      return;
    }
    const divergence = this.answer.recognised ?? this.answer.name;
    if (members.some((member) => member.divergence === divergence)) {
      this.say(t("anyf.there", { name: divergence }));
      return;
    }
    this.app.change({ members: [...members, { divergence, loss: "non-saturating", follow: null }] });
    this.say(t("anyf.raced", { name: divergence }));
    this.app.show?.("race");
  }
}

/** Fill the panel. */
export function install(app) {
  const root = document.getElementById("any-f");
  if (root) new AnyF(app, root);
}
