// Grids of generated pictures on a canvas, with crisp pixels; any of them can be chosen.

import { colour, memberColour, onTheme } from "lab/colours.js";
import { el } from "lab/parts.js";

const GAP = 1;

/** Member k's pictures in a decoded message "pictures", or null where it has none yet. */
export function picturesOf(decoded, k) {
  const { images } = decoded.arrays;
  const own = decoded.arrays[`images${k}`];
  if (!images && !own) return null;
  const [count, rows, columns, depth] = (own ?? images).shape.slice(-4);
  const start = own ? 0 : k * count * rows * columns * depth;
  return { count, rows, columns, depth, values: (own ?? images).values, start };
}

export class Grid {
  /** `onpick(i)` is called with the index of a picture that is clicked. */
  constructor(root, index, onpick) {
    this.index = index;
    this.marked = [];
    this.canvas = el("canvas", { class: "grid-canvas", role: "img" });
    this.brush = this.canvas.getContext("2d");
    this.canvas.addEventListener("click", (event) => {
      const { width } = this.canvas.getBoundingClientRect();
      if (!this.pictures) return;
      const scale = this.canvas.width / width;
      const column = Math.floor((event.offsetX * scale) / (this.pictures.columns + GAP));
      const row = Math.floor((event.offsetY * scale) / (this.pictures.rows + GAP));
      const picked = row * this.across + column;
      if (column < this.across && picked < this.pictures.count) onpick(picked);
    });
    root.append(this.canvas);
    this.leave = onTheme(() => this.pictures && this.draw(this.pictures));
  }

  draw(pictures) {
    this.pictures = pictures;
    const { count, rows, columns } = pictures;
    this.across = Math.max(1, Math.ceil(Math.sqrt(count)));
    const [width, height] = [this.across * (columns + GAP) - GAP, Math.ceil(count / this.across) * (rows + GAP) - GAP];
    if (this.canvas.width !== width || this.canvas.height !== height || !this.image) {
      Object.assign(this.canvas, { width, height });
      this.image = this.brush.createImageData(columns, rows);
    }
    this.brush.fillStyle = colour("line");
    this.brush.fillRect(0, 0, width, height);
    for (let i = 0; i < count; i += 1) this.tile(pictures, i);
    this.brush.strokeStyle = memberColour(this.index);
    for (const i of this.marked) {
      if (i >= count) continue;
      const [x, y] = this.place(i);
      this.brush.lineWidth = 1;
      this.brush.strokeRect(x + 0.5, y + 0.5, columns - 1, rows - 1);
    }
  }

  place(i) {
    const { rows, columns } = this.pictures;
    return [(i % this.across) * (columns + GAP), Math.floor(i / this.across) * (rows + GAP)];
  }

  tile({ rows, columns, depth, values, start }, i) {
    const { data } = this.image;
    const from = start + i * rows * columns * depth;
    for (let at = 0; at < rows * columns; at += 1) {
      for (let c = 0; c < 3; c += 1) data[4 * at + c] = values[from + at * depth + Math.min(c, depth - 1)];
      data[4 * at + 3] = 255;
    }
    this.brush.putImageData(this.image, ...this.place(i));
  }

  mark(indices) {
    this.marked = indices;
    if (this.pictures) this.draw(this.pictures);
  }

  remove() {
    this.leave();
  }
}
