// Pictures of recorded frames, sent to the server, which answers with a GIF.

import { colour, memberColour } from "lab/colours.js";
import { number, Panel } from "lab/panels.js";
import { el } from "lab/parts.js";
import { decode } from "lab/socket.js";
import { t } from "lab/i18n.js";

const SIDE = 220;
const FLAT = 140;
const GAP = 10;
const HEAD = 26;
const FOOT = 24;
const MILLISECONDS = 80;

/** Panels laid out beside the page, where nobody sees them; they draw only while they have a size. */
class Stage {
  constructor(target) {
    this.target = target;
    this.root = el("div", { class: "gif-stage", "aria-hidden": "true" });
    document.body.append(this.root);
    this.panels = [];
    this.settings = null;
  }

  async arrange(message) {
    if (message === this.settings) return;
    this.settings = message;
    for (const panel of this.panels) panel.remove();
    this.panels = message.members.map((member, k) => new Panel(this.root, { ...message.settings.members[k], ...member }, k));
    for (const panel of this.target ? this.panels : []) panel.target(this.target);
    await settledLayout();
  }

  remove() {
    for (const panel of this.panels) panel.remove();
    this.root.remove();
  }
}

/** After two frames the browser has laid the panels out and told them their size. */
function settledLayout() {
  return new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
}

function layout(count, height) {
  const columns = count <= 4 ? count : Math.ceil(count / 2);
  const rows = Math.ceil(count / columns);
  return {
    columns, cell: height + HEAD,
    width: GAP + columns * (SIDE + GAP), height: GAP + rows * (height + HEAD + GAP) + FOOT,
  };
}

function paint(brush, stage, frame, size, height, title) {
  brush.fillStyle = colour("bg");
  brush.fillRect(0, 0, size.width, size.height);
  brush.textBaseline = "middle";
  stage.panels.forEach((panel, k) => {
    panel.draw(frame, k);
    const x = GAP + (k % size.columns) * (SIDE + GAP);
    const y = GAP + Math.floor(k / size.columns) * (size.cell + GAP);
    brush.font = "600 14px system-ui, sans-serif";
    brush.fillStyle = memberColour(k);
    brush.fillRect(x, y + 6, 11, 11);
    brush.fillStyle = colour("ink");
    brush.fillText(stage.settings.members[k].name, x + 17, y + 12, SIDE - 100);
    brush.font = "12px system-ui, sans-serif";
    brush.textAlign = "right";
    brush.fillStyle = colour("muted");
    const { exact } = frame.header.members[k];
    if (Number.isFinite(exact)) brush.fillText(`${t("measure.exact.short")} ${number(exact)}`, x + SIDE, y + 12);
    brush.textAlign = "left";
    brush.drawImage(panel.canvas, x, y + HEAD - 2, SIDE, height);
  });
  brush.font = "12px system-ui, sans-serif";
  brush.fillStyle = colour("muted");
  brush.fillText(t("replay.step", { step: frame.header.step }), GAP, size.height - FOOT / 2 - 2);
  brush.textAlign = "right";
  brush.fillText(title, size.width - GAP, size.height - FOOT / 2 - 2, size.width - 140);
  brush.textAlign = "left";
}

/** The body that the server reads: for each picture its length as uint32 little endian, then its bytes. */
function bodyOf(pictures) {
  const parts = [];
  for (const picture of pictures) {
    const length = new DataView(new ArrayBuffer(4));
    length.setUint32(0, picture.size, true);
    parts.push(length.buffer, picture);
  }
  return new Blob(parts, { type: "application/octet-stream" });
}

/** At most `most` frames, evenly chosen, the last among them. */
export function chosen(frames, most) {
  if (frames.length <= most) return frames;
  return Array.from({ length: most }, (_, i) => frames[Math.round((i * (frames.length - 1)) / (most - 1))]);
}

async function pictures(stage, frames, { title, onProgress }) {
  const flat = stage.target?.header.dimension === 1;
  const height = flat ? FLAT : SIDE;
  const most = Math.max(...frames.map((frame) => frame.settings.members.length));
  const size = layout(most, height);
  const canvas = el("canvas", { width: size.width, height: size.height });
  const brush = canvas.getContext("2d");
  const found = [];
  for (const [i, frame] of frames.entries()) {
    await stage.arrange(frame.settings);
    paint(brush, stage, decode(frame.bytes), size, height, title);
    found.push(await new Promise((resolve) => canvas.toBlob(resolve, "image/png")));
    onProgress((i + 1) / frames.length);
  }
  return found;
}

/** The recording as a GIF. Rejects with the server's own words where it refuses. */
export async function gifOf(recording, { most, title, onProgress, onSending }) {
  const stage = new Stage(recording.target && decode(recording.target));
  let body;
  try {
    body = bodyOf(await pictures(stage, chosen(recording.frames, most), { title, onProgress }));
  } finally {
    stage.remove();
  }
  onSending(body.size);
  const response = await fetch(`/gif?milliseconds=${MILLISECONDS}`, { method: "POST", body });
  if (!response.ok) throw new Error((await response.text()).slice(0, 400) || `${response.status} ${response.statusText}`);
  return response.blob();
}
