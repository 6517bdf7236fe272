// Share a run: its link, Python that repeats it, a replay in one HTML file, a GIF.

import { onLanguage, t } from "lab/i18n.js";
import { bytes, button, copy, download, el, rawBytes } from "lab/parts.js";
import { gifOf } from "lab/gif.js";
import { Recording, replayFile } from "lab/replay.js";

const STYLES = ["/page/style.css", "/page/more.css"];
/** A GIF of more pictures than this is slow to make and too large to send. */
const GIF_PICTURES = 60;

class Share {
  constructor(app, root) {
    this.app = app;
    this.recording = new Recording();
    this.isOn = true;
    this.message = null;
    this.build(root);
    app.onMessage("settings", (message) => this.settled(message));
    app.onMessage("target", (decoded) => { this.recording.target = rawBytes(decoded); });
    app.onMessage("snippet", (message) => this.showSnippet(message.text));
    app.onFrame((decoded) => this.keep(decoded));
    if (app.settings) this.settled(app);
    onLanguage(() => this.words());
  }

  build(root) {
    this.heading = el("h2");
    this.parts = {};
    const part = (name, ...children) => {
      const own = { title: el("h3"), about: el("p", { class: "more-intro" }), said: el("p", { class: "share-said", role: "status" }) };
      this.parts[name] = own;
      return el("section", { class: "more-card" }, own.title, own.about, ...children, own.said);
    };
    this.link = el("input", { type: "text", readonly: true, class: "share-link", onfocus: () => this.link.select() });
    this.copyLink = button("", () => this.copied("link", location.href, this.link), { class: "primary" });
    this.code = el("pre", { class: "more-code", tabindex: 0, hidden: true });
    this.getCode = button("", () => this.app.send({ do: "snippet" }), { class: "primary" });
    this.copyCode = button("", () => this.copied("python", this.code.textContent, this.code), { hidden: true });
    this.saveCode = button("", () => this.saveSnippet(), { hidden: true });
    this.isOnLabel = el("span");
    this.onBox = el("input", { type: "checkbox", checked: true, onchange: () => { this.isOn = this.onBox.checked; this.count(); } });
    this.anew = button("", () => this.restart());
    this.kept = el("p", { class: "share-kept" });
    this.replay = button("", () => this.make("replay"), { class: "primary" });
    this.gif = button("", () => this.make("gif"), { class: "primary" });
    this.bar = el("progress", { max: 1, hidden: true });
    root.replaceChildren(this.heading,
      el("div", { class: "share-parts more-grid" },
        part("link", el("div", { class: "more-row" }, this.link, this.copyLink)),
        part("python", el("div", { class: "more-row" }, this.getCode, this.copyCode, this.saveCode), this.code),
        part("record", el("div", { class: "more-row" }, el("label", {}, this.onBox, " ", this.isOnLabel), this.anew), this.kept,
          el("div", { class: "more-row" }, this.replay, this.gif), this.bar)));
  }

  words() {
    this.heading.textContent = t("share.heading");
    for (const [name, { title, about }] of Object.entries(this.parts)) {
      title.textContent = t(`share.${name}`);
      about.textContent = t(`share.${name}.about`);
    }
    const texts = {
      copyLink: "share.copy", getCode: "share.python.get", copyCode: "share.copy", saveCode: "share.download",
      isOnLabel: "share.recording", anew: "share.anew", replay: "share.replay", gif: "share.gif",
    };
    for (const [name, key] of Object.entries(texts)) this[name].textContent = t(key);
    this.link.setAttribute("aria-label", t("share.link"));
    this.code.setAttribute("aria-label", t("share.python"));
    this.bar.setAttribute("aria-label", t("share.progress"));
    this.count();
  }

  /** The message "settings", or the application, which knows the same. */
  settled(message) {
    if (!this.message || message.run !== this.message.run) this.recording.clear();
    this.message = { run: message.run, settings: message.settings, members: message.members };
    // The page writes the fragment when it hears the same message, perhaps after this.
    queueMicrotask(() => { this.link.value = location.href; });
    this.count();
  }

  keep(decoded) {
    const { header } = decoded;
    if (!this.isOn || header.runs || !this.message || header.run !== this.message.run) return;
    if (header.members.length !== this.message.members.length) return; // a frame from before the last change
    const bytesOf = rawBytes(decoded);
    if (!bytesOf) return;
    this.recording.add(bytesOf, this.message);
    this.count();
  }

  count() {
    const { frames, size } = this.recording;
    const now = performance.now();
    if (frames.length && this.counted && now - this.counted < 400 && this.isOn) return;
    this.counted = now;
    const usable = frames.length > 1 && (this.recording.target || this.message.settings.target === "digits");
    this.kept.textContent = t(this.isOn ? "share.kept" : "share.kept.off", { frames: frames.length, size: bytes(size) });
    this.replay.disabled = this.gif.disabled = !usable || Boolean(this.working);
  }

  restart() {
    const { target } = this.recording;
    this.recording.clear();
    this.recording.target = target;
    this.counted = 0;
    this.count();
  }

  async copied(part, text, element) {
    if (await copy(text)) this.say(part, t("share.copied", { size: bytes(new Blob([text]).size) }));
    else {
      element.focus();
      getSelection().selectAllChildren(element);
      element.select?.();
      this.say(part, t("share.copy.failed"));
    }
  }

  showSnippet(text) {
    this.code.textContent = text;
    this.code.hidden = this.copyCode.hidden = this.saveCode.hidden = false;
    this.say("python", t("share.python.at", { step: this.app.header?.step ?? 0 }));
  }

  saveSnippet() {
    download(new Blob([this.code.textContent, "\n"], { type: "text/x-python" }), `${this.name}.py`);
  }

  get name() {
    const { target, seed } = this.app.settings;
    return `fgan-lab-${target}-seed${seed}`;
  }

  get title() {
    const { settings, members } = this.message;
    return `fgan lab: ${settings.target} (${members.map((member) => member.name).join(", ")})`;
  }

  say(part, text, isError = false) {
    const { said } = this.parts[part];
    said.textContent = text;
    said.classList.toggle("is-error", isError);
  }

  /** Make and download one file from a copy of what is recorded now, so that recording goes on. */
  async make(kind) {
    const recording = Object.assign(new Recording(), this.recording, { frames: [...this.recording.frames] });
    this.working = kind;
    this.replay.disabled = this.gif.disabled = true;
    this.bar.hidden = false;
    this.bar.removeAttribute("value");
    this.say("record", t(`share.${kind}.making`));
    try {
      const blob = await this[`${kind}Blob`](recording);
      download(blob, `${this.name}.${kind === "gif" ? "gif" : "html"}`);
      this.say("record", t("share.made", { name: `${this.name}.${kind === "gif" ? "gif" : "html"}`, size: bytes(blob.size) }));
    } catch (error) {
      this.say("record", t("share.failed", { what: error.message }), true);
    } finally {
      this.working = null;
      this.bar.hidden = true;
      this.counted = 0;
      this.count();
    }
  }

  replayBlob(recording) {
    return replayFile(recording, { title: this.title, link: location.href, styles: STYLES });
  }

  gifBlob(recording) {
    return gifOf(recording, {
      most: GIF_PICTURES, title: this.title,
      onProgress: (share) => { this.bar.value = share; },
      onSending: (size) => { this.bar.removeAttribute("value"); this.say("record", t("share.gif.sending", { size: bytes(size) })); },
    });
  }
}

/** Fill the section. */
export function install(app) {
  const root = document.getElementById("share");
  if (root) new Share(app, root);
}
