// The list of members: add, remove, change divergence, generator loss and followed divergence.

import { Combobox } from "lab/combobox.js";
import { Problem } from "lab/control.js";
import { onLanguage, t } from "lab/i18n.js";
import { button, el } from "lab/parts.js";

const MOST = 8;
const USUAL = ["kl", "reverse-kl", "js", "gan", "pearson", "squared-hellinger", "jeffreys", "total-variation"];
const LOSSES = ["non-saturating", "saturating"];

class Row {
  constructor(list, index) {
    this.list = list;
    this.index = index;
    const dot = el("span", { class: "dot", "aria-hidden": "true" });
    dot.style.setProperty("--member", `var(--m${index % 8})`);
    this.divergence = new Combobox({
      options: () => list.catalogue, commit: (text) => this.edit({ divergence: text }), label: "",
    });
    this.loss = el("select", { onchange: () => this.edit({ loss: this.loss.value }) },
      ...LOSSES.map((loss) => el("option", { value: loss })));
    this.follow = new Combobox({
      options: () => [{ name: "", title: t("follow.itself") }, ...list.catalogue],
      commit: (text) => this.edit({ follow: text || null }), label: "",
    });
    this.remove = button("×", () => list.remove(this.index), { class: "round" });
    this.problem = new Problem();
    this.element = el("div", { class: "member", role: "group" }, dot, this.divergence.element, this.remove,
      el("div", { class: "member-more" }, this.loss, this.follow.element), this.problem.element);
  }

  words() {
    const k = this.index + 1;
    this.element.setAttribute("aria-label", t("member.group", { k }));
    this.divergence.label(t("member.divergence", { k }));
    this.follow.label(t("member.follow", { k }));
    this.follow.input.placeholder = t("follow.itself");
    this.loss.setAttribute("aria-label", t("member.loss", { k }));
    this.remove.setAttribute("aria-label", t("member.remove", { k }));
    for (const option of this.loss.options) option.textContent = t(`loss.${option.value}`);
  }

  set(member) {
    this.member = member;
    if (this.failed) return;
    this.divergence.set(member.divergence);
    this.follow.set(member.follow ?? "");
    this.loss.value = member.loss;
  }

  edit(part) {
    this.list.edit(this.index, part, this);
  }

  /** What was typed stays, marked, beside the reason why it is not in force. */
  fail(text) {
    this.failed = true;
    this.problem.fail(`${text} ${t("control.still", { value: this.member.divergence })}`);
    // The same text may be tried again.
    this.divergence.value = this.member.divergence;
    this.follow.value = this.member.follow ?? "";
  }

  clear() {
    this.failed = false;
    this.problem.clear();
    this.set(this.member);
  }
}

class Members {
  constructor(app, root) {
    this.app = app;
    this.catalogue = [];
    this.rows = [];
    this.list = el("div", { class: "members" });
    this.add = button("", () => this.more(), { class: "quiet", id: "member-add" });
    this.problem = new Problem();
    root.append(this.list, this.add, this.problem.element);
    app.onMessage("settings", ({ settings }) => this.set(settings.members));
    onLanguage(() => this.words());
  }

  words() {
    this.add.textContent = t("member.add");
    for (const row of this.rows) row.words();
  }

  set(members) {
    while (this.rows.length > members.length) this.rows.pop().element.remove();
    while (this.rows.length < members.length) {
      const row = new Row(this, this.rows.length);
      row.words();
      this.rows.push(row);
      this.list.append(row.element);
    }
    members.forEach((member, k) => this.rows[k].set(member));
    for (const row of this.rows) row.remove.disabled = members.length === 1;
    this.add.disabled = members.length >= MOST;
  }

  /** The members in force or asked for: what was refused is not sent again. */
  now() {
    return (this.app.latest().members ?? []).map((member) => ({ ...member }));
  }

  edit(index, part, from) {
    const members = this.now();
    Object.assign(members[index], part);
    this.app.change({ members }, from);
  }

  remove(index) {
    const members = this.now();
    if (members.length < 2) return;
    members.splice(index, 1);
    for (const row of this.rows.slice(index)) row.failed = false;
    for (const row of this.rows.slice(index)) row.problem.clear();
    this.app.change({ members }, this.problem);
    this.rows[Math.max(0, index - 1)].divergence.input.focus();
  }

  more() {
    const members = this.now();
    if (members.length >= MOST) return;
    const taken = new Set(members.map((member) => member.divergence));
    const divergence = USUAL.find((name) => !taken.has(name)) ?? "kl";
    this.app.change({ members: [...members, { divergence, loss: "non-saturating", follow: null }] }, this.problem);
  }
}

export function installMembers(app) {
  const members = new Members(app, document.getElementById("members"));
  app.catalogue.then(({ divergences }) => { members.catalogue = divergences; }, () => {
    // main.js tells of a catalogue that could not be read; names can still be typed.
  });
}
