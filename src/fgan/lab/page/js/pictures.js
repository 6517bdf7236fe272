// Grids of generated pictures on a canvas, with crisp pixels; any of them can be chosen.

import { colour, memberColour, onTheme } from "lab/colours.js";
import { el } from "lab/parts.js";

const GAP = 4;
/** Small pictures are drawn at a whole multiple of their size, near this. */
const SIDE = 64;

/** Member k's pictures in a decoded message "pictures", or null where it has none yet. */
export function picturesOf({ arrays }, k) {
  const own = arrays[`images${k}`];
  if (!own) return null;
  const [count, rows, columns, depth] = own.shape;
  return { count, rows, columns, depth, values: own.values };
}

export class Grid {
  /** `onpick(i)` is called with the index of a picture that is clicked. */
  constructor(root, index, onpick) {
    this.index = index;
    this.marked = [];
    this.canvas = el("canvas", { class: "grid-canvas", role: "img" });
    this.brush = this.canvas.getContext("2d");
    this.small = el("canvas");
    this.pencil = this.small.getContext("2d");
    this.canvas.addEventListener("click", (event) => {
      if (!this.pictures) return;
      const scale = this.canvas.width / this.canvas.getBoundingClientRect().width;
      const column = Math.floor((event.offsetX * scale) / (this.wide + GAP));
      const picked = Math.floor((event.offsetY * scale) / (this.high + GAP)) * this.across + column;
      if (column < this.across && picked < this.pictures.count) onpick(picked);
    });
    root.append(this.canvas);
    this.leave = onTheme(() => this.pictures && this.draw(this.pictures));
  }

  draw(pictures) {
    this.pictures = pictures;
    const { count, rows, columns } = pictures;
    const factor = Math.max(1, Math.floor(SIDE / columns));
    [this.wide, this.high] = [columns * factor, rows * factor];
    this.across = Math.max(1, Math.ceil(Math.sqrt(count)));
    const width = this.across * (this.wide + GAP) + GAP;
    const height = Math.ceil(count / this.across) * (this.high + GAP) + GAP;
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    if (this.image?.width !== columns || this.image.height !== rows) {
      Object.assign(this.small, { width: columns, height: rows });
      this.image = this.pencil.createImageData(columns, rows);
    }
    this.brush.imageSmoothingEnabled = false;
    this.brush.fillStyle = colour("panel");
    this.brush.fillRect(0, 0, width, height);
    for (let i = 0; i < count; i += 1) this.tile(pictures, i);
  }

  tile({ rows, columns, depth, values }, i) {
    const { data } = this.image;
    const from = i * rows * columns * depth;
    for (let at = 0; at < rows * columns; at += 1) {
      for (let c = 0; c < 3; c += 1) data[4 * at + c] = values[from + at * depth + Math.min(c, depth - 1)];
      data[4 * at + 3] = 255;
    }
    this.pencil.putImageData(this.image, 0, 0);
    const x = GAP + (i % this.across) * (this.wide + GAP);
    const y = GAP + Math.floor(i / this.across) * (this.high + GAP);
    if (this.marked.includes(i)) {
      this.brush.fillStyle = memberColour(this.index);
      this.brush.fillRect(x - GAP, y - GAP, this.wide + 2 * GAP, this.high + 2 * GAP);
    }
    this.brush.drawImage(this.small, x, y, this.wide, this.high);
  }

  remove() {
    this.leave();
  }
}
