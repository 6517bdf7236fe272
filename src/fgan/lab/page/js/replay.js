// A recording: keeps frames of a run, writes them into one HTML file, and plays such a file.
//
// The file holds the same modules as the page, through an import map of data: addresses, and asks for nothing else.

import { Charts } from "lab/charts.js";
import { language, t } from "lab/i18n.js";
import { button, el } from "lab/parts.js";
import { Panel } from "lab/panels.js";
import { decode } from "lab/socket.js";

const MOST = 240;
const IMPORTS = /(?:from|import)\s*\(?\s*["']lab\/([\w./-]+)["']/g;

/** The frames of one run. When full, every second one goes, and from then on half as many are kept. */
export class Recording {
  constructor() {
    this.clear();
  }

  clear() {
    this.frames = [];
    this.stride = 1;
    this.count = 0;
    this.target = null;
    this.settings = null;
  }

  /** Keep a frame's bytes, with the message "settings" it belongs to. */
  add(bytes, settings) {
    if (this.count % this.stride === 0) this.frames.push({ bytes, settings });
    this.count += 1;
    if (this.frames.length < MOST) return;
    this.frames = this.frames.filter((_, i) => i % 2 === 0);
    this.stride *= 2;
  }

  get size() {
    return this.frames.reduce((sum, frame) => sum + frame.bytes.byteLength, this.target ? this.target.byteLength : 0);
  }
}

async function get(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: ${response.status} ${response.statusText}`);
  return response.text();
}

/** The text of a module of the page and of all that it imports, by name. */
async function modules(name, found = new Map()) {
  if (found.has(name)) return found;
  found.set(name, "");
  const text = await get(`/page/js/${name}`);
  found.set(name, text);
  for (const [, imported] of text.matchAll(IMPORTS)) await modules(imported, found);
  return found;
}

function base64(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}

function fromBase64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

async function through(stream, blob) {
  return new Response(blob.stream().pipeThrough(stream)).blob();
}

/** Text that cannot end the script element it stands in. */
function inScript(value) {
  return JSON.stringify(value).replace(/</g, "\\u003c");
}

function escaped(text) {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/"/g, "&quot;");
}

/** The replay as a Blob of HTML. `styles`: addresses of style sheets. */
export async function replayFile(recording, { title, link, styles }) {
  const names = await modules("replay.js");
  const imports = {};
  for (const [name, text] of names) {
    imports[`lab/${name}`] = `data:text/javascript;charset=utf-8;base64,${await base64(new Blob([text]))}`;
  }
  const sheet = (await Promise.all(styles.map(get))).join("\n").replace(/<\//g, "<\\/");
  const { target } = recording; // none for pictures
  const parts = [...(target ? [target] : []), ...recording.frames.map((frame) => frame.bytes)];
  const settings = [];
  const frames = recording.frames.map((frame) => {
    if (!settings.includes(frame.settings)) settings.push(frame.settings);
    return { settings: settings.indexOf(frame.settings) };
  });
  const packed = await base64(await through(new CompressionStream("gzip"), new Blob(parts)));
  const about = { title, link, settings, frames, hasTarget: Boolean(target), sizes: parts.map((part) => part.byteLength), made: new Date().toISOString().slice(0, 10) };
  // Its own policy lets the file ask for nothing at all.
  const policy = "default-src 'none'; script-src 'unsafe-inline' data:; style-src 'unsafe-inline'; img-src data: blob:";
  const { lang, dataset } = document.documentElement;
  const theme = dataset.theme ? ` data-theme="${escaped(dataset.theme)}"` : "";
  const html = `<!doctype html>
<html lang="${escaped(lang || "en")}"${theme}>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${escaped(title)}</title>
<style>${sheet}</style>
<script type="importmap">${inScript({ imports })}</script>
<body class="replay">
<main id="replay"></main>
<script type="application/json" id="replay-about">${inScript(about)}</script>
<script type="text/plain" id="replay-frames">${packed}</script>
<script type="module">import { play } from "lab/replay.js"; play();</script>
</body>
</html>
`;
  return new Blob([html], { type: "text/html" });
}

async function unpacked(sizes) {
  const packed = new Blob([fromBase64(document.getElementById("replay-frames").textContent)]);
  const all = await (await through(new DecompressionStream("gzip"), packed)).arrayBuffer();
  let at = 0;
  return sizes.map((size) => {
    at += size;
    return decode(all.slice(at - size, at));
  });
}

class Player {
  constructor(root, about, decoded) {
    const target = about.hasTarget ? decoded[0] : null;
    const frames = about.hasTarget ? decoded.slice(1) : decoded;
    Object.assign(this, { about, target, frames, at: 0, playing: false, panels: [], settings: -1 });
    this.toggle = button("", () => this.setPlaying(!this.playing), { class: "primary" });
    this.scrub = el("input", {
      type: "range", min: 0, max: frames.length - 1, step: 1, value: 0, "aria-label": t("replay.scrub"),
      oninput: () => { this.setPlaying(false); this.show(Number(this.scrub.value)); },
    });
    this.place = el("output", { class: "replay-place" });
    this.panelsRoot = el("div", { id: "panels", class: "panels" });
    this.chartsRoot = el("div", { id: "charts", class: "charts" });
    this.note = el("pre", { class: "more-code", tabindex: 0 });
    root.append(
      el("h1", { text: about.title }),
      el("p", { class: "more-intro", text: t("replay.intro", { date: about.made }) }),
      el("div", { class: "more-row replay-bar" }, this.toggle, this.scrub, this.place),
      this.panelsRoot, this.chartsRoot,
      el("details", {}, el("summary", { text: t("replay.settings") }), this.note),
      el("p", {}, `${t("replay.link")} `, el("code", { class: "replay-link", text: about.link })),
    );
    this.charts = new Charts(this.chartsRoot);
    if (target) this.charts.target(target.header);
    else this.charts.losses();
    this.setPlaying(false);
    this.show(0);
  }

  /** New panels where the members changed. */
  arrange(index) {
    if (index === this.settings) return;
    this.settings = index;
    const { members, settings } = this.about.settings[index];
    for (const panel of this.panels) panel.remove();
    this.panels = members.map((member, k) => new Panel(this.panelsRoot, { ...settings.members[k], ...member }, k));
    for (const panel of this.target ? this.panels : []) panel.target(this.target);
    this.note.textContent = JSON.stringify(settings, null, 1);
  }

  show(at) {
    const before = this.at;
    this.at = at;
    const { settings: index } = this.about.frames[at];
    const rearranged = index !== this.settings;
    this.arrange(index);
    this.panels.forEach((panel, k) => panel.draw(this.frames[at], k));
    // Charts only grow: jumping back begins them anew.
    if (rearranged || at < before || at === 0) {
      this.charts.start(this.about.settings[index].members);
      this.charted = 0;
    }
    while (this.charted <= at) {
      this.charts.add(this.frames[this.charted].header);
      this.charted += 1;
    }
    this.charts.redraw();
    const step = this.frames[at].header.step;
    this.scrub.value = at;
    this.scrub.setAttribute("aria-valuetext", t("replay.step", { step }));
    this.place.textContent = t("replay.step", { step });
  }

  setPlaying(playing) {
    this.playing = playing;
    this.toggle.textContent = t(playing ? "replay.pause" : "replay.play");
    clearInterval(this.timer);
    if (!playing) return;
    if (this.at === this.frames.length - 1) this.show(0);
    this.timer = setInterval(() => {
      if (this.at < this.frames.length - 1) this.show(this.at + 1);
      else this.setPlaying(false);
    }, 80);
  }
}

/** Play the recording that this HTML file holds. */
export async function play() {
  const root = document.getElementById("replay");
  document.documentElement.lang = language() === "zh" ? "zh-CN" : "en";
  try {
    const about = JSON.parse(document.getElementById("replay-about").textContent);
    new Player(root, about, await unpacked(about.sizes));
  } catch (error) {
    root.textContent = t("replay.broken", { what: error.message });
  }
}
