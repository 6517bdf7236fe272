// The frame of the page: tabs, language, theme, notes, the bar for lost connections, help.

import { language, onLanguage, remember, remembered, setLanguage, t } from "lab/i18n.js";
import { button, el } from "lab/parts.js";

const INFO_STAYS = 8000;
const MOST_NOTES = 4;
const KEYS = ["space", "s", "c", "g", "r", "question", "arrows"];
const find = (id) => document.getElementById(id);

export function installChrome(app) {
  installLanguage();
  installTheme();
  installHelp();
  const tabs = installTabs();
  const skip = find("skip");
  // The fragment belongs to the settings, so the link must not write its own.
  skip.addEventListener("click", (event) => {
    event.preventDefault();
    find("main").focus();
  });
  return { note, bar, running: () => { find("bar").hidden = true; }, ...tabs, app };
}

function note(text, kind = "info") {
  const root = find("notes");
  for (const old of root.children) if (old.dataset.text === text) old.remove();
  while (root.children.length >= MOST_NOTES) root.firstChild.remove();
  const element = el("div", { class: `note ${kind}`, "data-text": text }, el("span", { text }));
  element.append(button("×", () => element.remove(), { class: "round", "aria-label": t("close") }));
  root.append(element);
  if (kind === "info") setTimeout(() => element.remove(), INFO_STAYS);
}

/** A bar over the page with one thing to do. */
function bar(text, label, fn) {
  const root = find("bar");
  const [words, act] = root.children;
  words.textContent = text;
  act.textContent = label;
  act.onclick = () => fn();
  root.hidden = false;
}

function installTabs() {
  const tabs = [...document.querySelectorAll("[role=tab]")];
  const listeners = new Set();
  let current = "race";

  function show(id) {
    if (!tabs.some((tab) => tab.getAttribute("aria-controls") === id)) throw new Error(`There is no section ${id}.`);
    current = id;
    for (const tab of tabs) {
      const section = tab.getAttribute("aria-controls");
      tab.setAttribute("aria-selected", section === id);
      tab.tabIndex = section === id ? 0 : -1;
      find(section).hidden = section !== id;
    }
    for (const fn of listeners) fn(id);
  }

  tabs.forEach((tab, at) => {
    tab.addEventListener("click", () => show(tab.getAttribute("aria-controls")));
    tab.addEventListener("keydown", (event) => {
      const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      const next = tabs[(to + tabs.length) % tabs.length];
      show(next.getAttribute("aria-controls"));
      next.focus();
    });
  });
  show("race");
  return {
    show,
    current: () => current,
    onShow(fn) {
      listeners.add(fn);
      return () => listeners.delete(fn);
    },
  };
}

function installLanguage() {
  const select = find("language");
  select.value = language();
  select.addEventListener("change", () => setLanguage(select.value));
}

function installTheme() {
  const select = find("theme");
  const apply = (theme) => {
    if (theme === "auto") document.documentElement.removeAttribute("data-theme");
    else document.documentElement.dataset.theme = theme;
  };
  const kept = remembered("fgan-lab-theme");
  select.value = ["light", "dark"].includes(kept) ? kept : "auto";
  apply(select.value);
  select.addEventListener("change", () => {
    remember("fgan-lab-theme", select.value);
    apply(select.value);
  });
}

function installHelp() {
  const dialog = find("help");
  const open = () => { if (!dialog.open) dialog.showModal(); };
  find("help-open").addEventListener("click", open);
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  onLanguage(() => {
    const list = el("dl", { class: "keys" });
    for (const key of KEYS) {
      list.append(el("dt", {}, el("kbd", { text: t(`key.${key}`) })), el("dd", { text: t(`key.${key}.what`) }));
    }
    const texts = ["race", "field", "bound", "exact", "arrows", "target"].map((key) => el("p", { text: t(`help.${key}`) }));
    find("help-body").replaceChildren(...texts, el("h3", { text: t("help.keys") }), list);
  });
}

/** Open the list of keys, as the key "?" does. */
export function openHelp() {
  find("help-open").click();
}
