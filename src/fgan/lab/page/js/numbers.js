// Numbers as people read them.

/** A number for people: three significant digits, a true minus, an en dash where it is not known. */
export function number(value, digits = 3) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  const text = size !== 0 && (size < 1e-3 || size >= 1e4) ? value.toExponential(1) : plain(value, digits);
  return text.replace("+", "").replaceAll("-", "−");
}

function plain(value, digits) {
  const size = Math.abs(value);
  const whole = Math.max(size >= 0.1 || size === 0 ? 1 : 0, Math.floor(Math.log10(size || 1)) + 1);
  return value.toFixed(Math.max(0, digits - whole));
}

export const percent = (share) => (share === null || share === undefined ? "–" : `${(100 * share).toFixed(0)}%`);
