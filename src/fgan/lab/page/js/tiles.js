// Pictures in a square of tiles on a canvas.

import { colour } from "lab/colours.js";

export class Tiles {
  constructor() {
    this.small = document.createElement("canvas");
    this.brush = this.small.getContext("2d");
    this.image = null;
  }

  /** Draw as many of the images [n, H, W, C] as fill a square, over the whole canvas. */
  draw(context, { shape, values }) {
    const [count, rows, columns, depth] = shape;
    const across = Math.max(1, Math.floor(Math.sqrt(count)));
    // One transparent pixel between pictures.
    const [wide, tall] = [across * (columns + 1) - 1, across * (rows + 1) - 1];
    if (!this.image || this.image.width !== wide || this.image.height !== tall) {
      this.small.width = wide;
      this.small.height = tall;
      this.image = this.brush.createImageData(wide, tall);
    }
    for (let tile = 0; tile < across * across; tile += 1) {
      const corner = Math.floor(tile / across) * (rows + 1) * wide + (tile % across) * (columns + 1);
      this.fill(values, tile * rows * columns * depth, corner, { rows, columns, depth, wide });
    }
    this.brush.putImageData(this.image, 0, 0);
    const { canvas } = context;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = colour("panel");
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.imageSmoothingEnabled = false;
    context.drawImage(this.small, 0, 0, canvas.width, canvas.height);
  }

  /** Copy one picture from `from` on to the place of its corner; grey ones have one channel. */
  fill(values, from, corner, { rows, columns, depth, wide }) {
    const pixels = this.image.data;
    for (let row = 0; row < rows; row += 1) {
      for (let column = 0; column < columns; column += 1) {
        const source = from + (row * columns + column) * depth;
        const to = 4 * (corner + row * wide + column);
        for (let c = 0; c < 3; c += 1) pixels[to + c] = values[source + Math.min(c, depth - 1)];
        pixels[to + 3] = 255;
      }
    }
  }
}
