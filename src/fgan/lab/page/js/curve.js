// A history of bounded size: when full, every second point goes and later ones are taken half as often.

const MOST = 2000;

export class Curve {
  constructor() {
    this.steps = new Float64Array(MOST);
    this.values = new Float32Array(MOST);
    this.count = 0;
    this.stride = 1;
    this.skipped = 0;
  }

  /** Add a value; null and non-finite values are kept as gaps (NaN). The newest point is always there. */
  push(step, value) {
    const last = this.count - 1;
    if (last >= 0 && this.steps[last] === step) this.count -= 1;
    else if (this.skipped > 0) this.count -= 1;
    else if (this.count === MOST) this.thin();
    if (last < 0 || this.steps[last] !== step) this.skipped = (this.skipped + 1) % this.stride;
    this.steps[this.count] = step;
    this.values[this.count] = value === null || value === undefined || !Number.isFinite(value) ? NaN : value;
    this.count += 1;
  }

  thin() {
    for (let i = 0; i < MOST / 2; i += 1) {
      this.steps[i] = this.steps[2 * i];
      this.values[i] = this.values[2 * i];
    }
    this.count = MOST / 2;
    this.stride *= 2;
    this.skipped = 0;
  }

  /** The index of the last point at or before a step; -1 before the first. */
  at(step) {
    let [low, high] = [0, this.count];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.steps[middle] <= step) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  last() {
    return this.count ? this.values[this.count - 1] : NaN;
  }
}
