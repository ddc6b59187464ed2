// Repeatable chance: the same seed gives the same demo district on every machine.
// Not for secrets, and not for statistics that matter.

export function make_random(seed) {
  let state = seed >>> 0;
  const unit = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const between = (low, high) => low + unit() * (high - low);
  const whole = (low, high) => low + Math.floor(unit() * (high - low + 1));
  const pick = (list) => list[Math.floor(unit() * list.length)];
  const chance = (probability) => unit() < probability;
  const shuffle = (list) => {
    const copy = list.slice();
    for (let i = copy.length - 1; i > 0; i--) {
      const j = Math.floor(unit() * (i + 1));
      [copy[i], copy[j]] = [copy[j], copy[i]];
    }
    return copy;
  };
  // weighted([['a', 3], ['b', 1]]) gives 'a' three times out of four.
  const weighted = (pairs) => {
    let left = unit() * pairs.reduce((sum, pair) => sum + pair[1], 0);
    for (const [value, weight] of pairs) {
      left -= weight;
      if (left < 0) return value;
    }
    return pairs[pairs.length - 1][0];
  };
  // Roughly normal: the sum of four uniform draws, cut off at two widths.
  const bell = (middle, width) => middle + width * (unit() + unit() + unit() + unit() - 2);
  return { unit, between, whole, pick, chance, shuffle, weighted, bell };
}

// Deals the list out in random order again and again, so that no entry returns before all others had their turn.
export function make_deck(random, list) {
  let rest = [];
  return () => {
    if (rest.length === 0) rest = random.shuffle(list);
    return rest.pop();
  };
}
