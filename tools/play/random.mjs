// Reproducible chance: the same seed plays the same day as far as the clock allows.
export class Random {
  constructor(seed) {
    this.state = seed >>> 0;
  }

  next() {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  between(low, high) {
    return low + (high - low) * this.next();
  }

  chance(percent) {
    return this.next() * 100 < percent;
  }

  pick(list) {
    return list[Math.floor(this.next() * list.length)];
  }
}
