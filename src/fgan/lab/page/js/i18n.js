// The words of the page in the chosen language.

import en from "lab/words/en.js";
import zh from "lab/words/zh.js";
import enMore from "lab/words/en-more.js";
import zhMore from "lab/words/zh-more.js";

const WORDS = { en: { ...en, ...enMore }, zh: { ...zh, ...zhMore } };
const listeners = new Set();
let current = initial();

function initial() {
  const wanted = [remembered("fgan-lab-language"), ...(navigator.languages || [navigator.language])];
  for (const code of wanted) {
    const short = String(code || "").slice(0, 2).toLowerCase();
    if (short in WORDS) return short;
  }
  return "en";
}

/** A preference kept by this browser, or null: storage may be forbidden. */
export function remembered(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function remember(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // A browser that forbids storage still shows the page; only the preference is not kept.
  }
}

/** The text of a key, its {places} filled from values. A key without text shows itself. */
export function t(key, values = {}) {
  const text = WORDS[current][key] ?? WORDS.en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (place, name) => (name in values ? String(values[name]) : place));
}

/** The text of a key, or null where no language has one. */
export function known(key) {
  return WORDS[current][key] ?? WORDS.en[key] ?? null;
}

export function language() {
  return current;
}

export function setLanguage(code) {
  if (!(code in WORDS)) throw new Error(`There is no language ${code}; there are ${Object.keys(WORDS).join(", ")}.`);
  current = code;
  remember("fgan-lab-language", code);
  document.documentElement.lang = code === "zh" ? "zh-CN" : code;
  translate(document);
  for (const listener of listeners) listener(code);
}

/** Call fn now and whenever the language changes; returns a function that ends this. */
export function onLanguage(fn) {
  listeners.add(fn);
  fn(current);
  return () => listeners.delete(fn);
}

const ATTRIBUTES = { "data-t-label": "aria-label", "data-t-title": "title", "data-t-placeholder": "placeholder" };

/** Fill elements marked data-t (text) and data-t-label, -title, -placeholder (attributes) under root. */
export function translate(root) {
  for (const element of root.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const [mark, attribute] of Object.entries(ATTRIBUTES)) {
    for (const element of root.querySelectorAll(`[${mark}]`)) {
      element.setAttribute(attribute, t(element.getAttribute(mark)));
    }
  }
}
