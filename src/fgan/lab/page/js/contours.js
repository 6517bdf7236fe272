// Contour lines of a density on a grid, by marching squares.

const LEVELS = [0.05, 0.25, 0.6];
// For each case of corners above the level (1 lower left, 2 lower right, 4 upper right, 8 upper left): pairs of sides.
const SIDES = [[], [3, 0], [0, 1], [3, 1], [1, 2], [3, 0, 1, 2], [0, 2], [3, 2],
  [2, 3], [2, 0], [0, 1, 2, 3], [2, 1], [1, 3], [1, 0], [0, 3], []];

/** A Path2D of the lines at fixed shares of the highest density; row 0 of the grid is the lowest y. */
export function contours({ shape, values }, width, height) {
  const [rows, columns] = shape;
  let highest = 0;
  for (const value of values) highest = Math.max(highest, value);
  const path = new Path2D();
  for (const level of LEVELS) trace(path, values, rows, columns, level * highest, width, height);
  return path;
}

function trace(path, values, rows, columns, level, width, height) {
  const x = (column) => column / (columns - 1) * width;
  const y = (row) => height - row / (rows - 1) * height;
  for (let row = 0; row + 1 < rows; row += 1) {
    for (let column = 0; column + 1 < columns; column += 1) {
      const at = row * columns + column;
      const corner = [values[at], values[at + 1], values[at + columns + 1], values[at + columns]];
      const which = corner.reduce((sum, value, i) => sum + (value > level ? 1 << i : 0), 0);
      const sides = SIDES[which];
      for (let i = 0; i < sides.length; i += 1) {
        const [px, py] = crossing(sides[i], corner, level);
        if (i % 2 === 0) path.moveTo(x(column + px), y(row + py));
        else path.lineTo(x(column + px), y(row + py));
      }
    }
  }
}

function crossing(side, [a, b, c, d], level) {
  if (side === 0) return [(level - a) / (b - a), 0];
  if (side === 1) return [1, (level - b) / (c - b)];
  if (side === 2) return [(level - d) / (c - d), 1];
  return [0, (level - a) / (d - a)];
}
