// What a story may say about a frame: counted from the samples that the panels draw.

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Figures of member k: its numbers, the share of samples near each centre, and the spread of its samples. */
function member(decoded, target, k) {
  const { shape, values } = decoded.arrays.samples;
  const [, n, dimension] = shape;
  const { shape: [pieces], values: centers } = target.arrays.centers;
  const shares = new Array(pieces).fill(0);
  const axes = Array.from({ length: dimension }, () => new Float64Array(n));
  for (let i = 0; i < n; i += 1) {
    const at = (k * n + i) * dimension;
    let nearest = 0;
    let least = Infinity;
    for (let d = 0; d < dimension; d += 1) axes[d][i] = values[at + d];
    for (let piece = 0; piece < pieces; piece += 1) {
      let distance = 0;
      for (let d = 0; d < dimension; d += 1) distance += (values[at + d] - centers[piece * dimension + d]) ** 2;
      if (distance < least) [nearest, least] = [piece, distance];
    }
    shares[nearest] += 1 / n;
  }
  const centre = axes.map(mean);
  const spread = axes.map((axis, d) => Math.sqrt(mean(Array.from(axis, (value) => (value - centre[d]) ** 2))));
  return { ...decoded.header.members[k], shares, centre, spread, push: push(decoded, k) };
}

/** The mean length of the arrows: how strongly the generator's loss pushes a sample. */
function push({ arrays: { arrows } }, k) {
  if (!arrows) return null;
  const [, n, dimension] = arrows.shape;
  let sum = 0;
  for (let i = 0; i < n; i += 1) {
    const at = (k * n + i) * dimension;
    sum += Math.hypot(...arrows.values.subarray(at, at + dimension));
  }
  return sum / n;
}

/** {step, members, of(name)} of a frame. */
export function figuresOf(decoded, target, settings) {
  const { header } = decoded;
  const members = settings.members.slice(0, header.members.length).map((_, k) => member(decoded, target, k));
  const names = settings.members.map((one) => one.name);
  return { step: header.step, members, of: (name) => members[names.indexOf(name)], follows: settings.members.map((one) => one.follows) };
}

export { percent } from "lab/numbers.js";

/** What a story relies on unless it says otherwise; the lab's own defaults may change. */
export const PLAIN = {
  lr: 0.001, critic_lr: 0.001, penalty: "r1+r2", gamma: 0.2, width: 64, depth: 2, critic_width: 64, critic_depth: 2,
  batch: 128, n_critic: 1,
};

/** A member's settings. */
export const racer = (divergence, loss = "non-saturating") => ({ divergence, loss, follow: null });

/** Selectors of what a step points to. */
export const panel = (k) => `#panels > .panel:nth-child(${k})`;
export const control = (name) => `.control:has(#control-${name})`;
