// Small helpers that the extras of the page share: elements, numbers, files.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === false || value === null || value === undefined) continue;
    if (name === "text") element.textContent = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** An HTML element: `el("button", {type: "button", text: "Go", onclick: go})`. */
export function el(tag, properties = {}, ...children) {
  return fill(document.createElement(tag), properties, children);
}

/** An SVG element, with the same arguments. */
export function svg(tag, properties = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), properties, children);
}

/** A button that does not submit. */
export function button(text, onclick, properties = {}) {
  return el("button", { type: "button", text, onclick, ...properties });
}

/** A number in at most `digits` significant digits, with a true minus sign; an en dash where it is not known. */
export function short(value, digits = 3) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  const plain = size === 0 || (size >= 1e-3 && size < 1e5);
  const text = plain ? String(Number(value.toPrecision(digits))) : value.toExponential(digits - 1);
  return text.replace("e+", "e").replace(/-/g, "−");
}

/** A size in bytes as people read it. */
export function bytes(count) {
  if (count < 1000) return `${count} B`;
  if (count < 1e6) return `${(count / 1e3).toFixed(0)} kB`;
  return `${(count / 1e6).toFixed(1)} MB`;
}

/** Offer a blob for download under a name. */
export function download(blob, name) {
  const address = URL.createObjectURL(blob);
  const link = el("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  // The browser reads the blob after the click, so the address has to outlive it.
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}

/** Copy text to the clipboard; false where the browser does not allow it. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** The bytes of a decoded binary message, as they came. */
export function rawBytes(decoded) {
  if (decoded.buffer) return decoded.buffer;
  const first = Object.values(decoded.arrays)[0];
  return first ? first.values.buffer : null;
}

/** Run `change` once nothing has called for `milliseconds`. */
export function debounce(milliseconds, change) {
  let timer = null;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => change(...values), milliseconds);
  };
}
