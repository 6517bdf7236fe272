// The setting in the link: the URL fragment is base64url of its JSON.

export const DEFAULTS = {
  target: "ring",
  members: ["kl", "reverse-kl", "js", "gan"].map((divergence) => ({
    divergence, loss: "non-saturating", follow: null,
  })),
  lr: 0.003, critic_lr: 0.003, penalty: "r1+r2", gamma: 0.05, width: 64, depth: 2,
  critic_width: 64, critic_depth: 2, batch: 128, n_critic: 1, seed: 0,
};
const NEEDS_POINTS = new Set(["drawn", "rows"]);

/** The fragment of a setting, with its "#". */
export function toFragment(settings) {
  const kept = { ...settings };
  if (!NEEDS_POINTS.has(kept.target)) delete kept.points;
  const bytes = new TextEncoder().encode(JSON.stringify(kept));
  let binary = "";
  for (let at = 0; at < bytes.length; at += 8192) binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return "#" + btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** {settings, problem}: what a fragment holds. A damaged one gives {} and a problem. The server checks the values. */
export function fromFragment(fragment = location.hash) {
  const text = fragment.replace(/^#/, "");
  if (!text) return { settings: {}, problem: null };
  const base64 = text.replaceAll("-", "+").replaceAll("_", "/");
  if (!/^[A-Za-z0-9+/]*=*$/.test(base64)) return { settings: {}, problem: "not base64url" };
  try {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const settings = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    const isObject = settings !== null && typeof settings === "object" && !Array.isArray(settings);
    return isObject ? { settings, problem: null } : { settings: {}, problem: "not a JSON object" };
  } catch (error) {
    return { settings: {}, problem: error instanceof SyntaxError ? "not JSON" : "cut off or altered" };
  }
}

/** Write a setting into the address without a new entry in the history. */
export function writeFragment(settings) {
  const fragment = toFragment(settings);
  if (location.hash !== fragment) history.replaceState(history.state, "", fragment);
  return fragment;
}
