// A text field with a searchable menu of divergences; any other text may be typed too.

import { el } from "lab/parts.js";

let serial = 0;

export class Combobox {
  /** `options()` returns [{name, title, use}]; `commit(text)` is called when the text has changed. */
  constructor({ options, commit, label }) {
    this.options = options;
    this.commit = commit;
    this.value = "";
    this.tried = null;
    this.active = -1;
    serial += 1;
    this.list = el("ul", { id: `menu-${serial}`, role: "listbox", class: "menu", hidden: true });
    this.input = el("input", {
      type: "text", role: "combobox", "aria-expanded": "false", "aria-controls": `menu-${serial}`,
      "aria-autocomplete": "list", autocomplete: "off", autocapitalize: "off", spellcheck: "false", maxlength: 500,
      oninput: () => this.open(this.input.value),
      onkeydown: (event) => this.key(event),
      onfocus: () => this.input.select(),
      onclick: () => this.open(""),
      onblur: () => this.leave(),
    });
    this.element = el("div", { class: "combobox" }, this.input, this.list);
    // The field must keep the focus while the menu is clicked.
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.choose(option.dataset.name);
    });
    this.label(label);
  }

  label(text) {
    this.input.setAttribute("aria-label", text);
    this.list.setAttribute("aria-label", text);
  }

  /** Show a value that is in force, unless someone is typing. */
  set(value) {
    this.value = value;
    if (document.activeElement !== this.input || this.list.hidden) this.input.value = value;
  }

  open(query) {
    const words = query.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = this.options().filter(({ name, title, use }) => {
      const text = `${name} ${title ?? ""} ${use ?? ""}`.toLowerCase();
      return words.every((word) => text.includes(word));
    });
    this.list.replaceChildren(...fits.map(({ name, title, use }, at) => el("li", {
      role: "option", id: `${this.list.id}-${at}`, "data-name": name, "aria-selected": "false",
    }, el("strong", { text: name || title }), el("span", { text: [name && title, use].filter(Boolean).join(". ") }))));
    this.show(fits.length > 0);
    this.mark(-1);
  }

  show(visible) {
    this.list.hidden = !visible;
    this.input.setAttribute("aria-expanded", visible);
  }

  mark(at) {
    this.active = at;
    [...this.list.children].forEach((option, i) => option.setAttribute("aria-selected", i === at));
    if (at < 0) {
      this.input.removeAttribute("aria-activedescendant");
      return;
    }
    this.input.setAttribute("aria-activedescendant", this.list.children[at].id);
    this.list.children[at].scrollIntoView({ block: "nearest" });
  }

  key(event) {
    const count = this.list.children.length;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (this.list.hidden) this.open("");
      else if (count) this.mark((this.active + (event.key === "ArrowDown" ? 1 : -1) + count) % count);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (this.active >= 0 && !this.list.hidden) this.choose(this.list.children[this.active].dataset.name);
      else this.choose(this.input.value.trim());
    } else if (event.key === "Escape" && !this.list.hidden) {
      event.stopPropagation();
      this.show(false);
      this.input.value = this.value;
    }
  }

  leave() {
    this.show(false);
    const text = this.input.value.trim();
    // A text that was refused is not sent once more only because the field is left.
    if (text !== this.value && text !== this.tried) this.choose(text);
  }

  choose(text) {
    this.show(false);
    this.input.value = text;
    if (text === this.value) return;
    this.value = text;
    this.tried = text;
    this.commit(text);
  }
}
