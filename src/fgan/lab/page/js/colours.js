// Colours for canvases: read from the style sheet once, and again when the theme changes.

const NAMES = ["bg", "panel", "ink", "muted", "line", "accent", "data", "arrow", "halo",
  "real", "neutral", "generated", "m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7"];
const listeners = new Set();
let colours = null;
let palette = null;

function forget() {
  colours = null;
  palette = null;
  for (const listener of listeners) listener();
}

new MutationObserver(forget).observe(document.documentElement, { attributeFilter: ["data-theme"] });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", forget);

/** The colours of the present theme by name; members: m0 to m7. */
export function colour(name) {
  if (!colours) {
    const style = getComputedStyle(document.documentElement);
    colours = Object.fromEntries(NAMES.map((key) => [key, style.getPropertyValue(`--${key}`).trim()]));
  }
  return colours[name];
}

export const memberColour = (index) => colour(`m${index % 8}`);

/** Call fn whenever the theme changes. */
export function onTheme(fn) {
  listeners.add(fn);
  return () => listeners.delete(fn);
}

function channels(hex) {
  const match = /^#([0-9a-f]{6})$/i.exec(hex);
  if (!match) throw new Error(`A colour of the field must be written #rrggbb; the style sheet has "${hex}".`);
  const number = parseInt(match[1], 16);
  return [number >> 16, (number >> 8) & 255, number & 255];
}

/** A colour of the style sheet as one opaque 32-bit pixel. */
export function pixel(name) {
  const [red, green, blue] = channels(colour(name));
  return new Uint32Array(new Uint8Array([red, green, blue, 255]).buffer)[0];
}

/** 256 colours as 32-bit pixels: generated (0), neutral (127.5), real (255). */
export function fieldPalette() {
  if (palette) return palette;
  const [low, middle, high] = ["generated", "neutral", "real"].map((name) => channels(colour(name)));
  const bytes = new Uint8ClampedArray(256 * 4);
  for (let code = 0; code < 256; code += 1) {
    const share = Math.abs(code - 127.5) / 127.5;
    const end = code < 128 ? low : high;
    for (let k = 0; k < 3; k += 1) bytes[4 * code + k] = middle[k] + (end[k] - middle[k]) * share ** 0.85;
    bytes[4 * code + 3] = 255;
  }
  palette = new Uint32Array(bytes.buffer);
  return palette;
}
