// Plane geometry on small areas. A vertex is [lon, lat] in whole millionths of a degree, so that equality is exact
// and 6 decimals lose nothing; metres are measured in a flat picture around ORIGIN.

export const ORIGIN = [123760000, 41330000];
const METRES_PER_LAT = 0.11113;
const METRES_PER_LON = 0.11132 * Math.cos((41.33 * Math.PI) / 180);

export const to_metres = ([lon, lat]) => [(lon - ORIGIN[0]) * METRES_PER_LON, (lat - ORIGIN[1]) * METRES_PER_LAT];
export const to_micro = ([x, y]) => [
  Math.round(x / METRES_PER_LON) + ORIGIN[0],
  Math.round(y / METRES_PER_LAT) + ORIGIN[1],
];
export const degrees = (micro) => (micro / 1e6).toFixed(6);

// Twice the signed area in square micro-degrees, exact: counter-clockwise is positive.
export function ring_area2(ring) {
  let sum = 0;
  for (let i = 0; i < ring.length; i++) {
    const [x1, y1] = ring[i];
    const [x2, y2] = ring[(i + 1) % ring.length];
    sum += (x1 - ORIGIN[0]) * (y2 - ORIGIN[1]) - (x2 - ORIGIN[0]) * (y1 - ORIGIN[1]);
  }
  return sum;
}

export const square_km = (area2) => (area2 / 2) * METRES_PER_LON * METRES_PER_LAT * 1e-6;

export function ring_perimeter(ring) {
  let sum = 0;
  for (let i = 0; i < ring.length; i++) sum += distance(ring[i], ring[(i + 1) % ring.length]);
  return sum;
}

export function distance(a, b) {
  return Math.hypot((a[0] - b[0]) * METRES_PER_LON, (a[1] - b[1]) * METRES_PER_LAT);
}

// Even-odd rule over all rings of one shape: holes and several parts need no special case.
export function inside(rings, [x, y]) {
  let odd = false;
  for (const ring of rings) {
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
      const [xi, yi] = ring[i];
      const [xj, yj] = ring[j];
      if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) odd = !odd;
    }
  }
  return odd;
}

// Metres from a point to the nearest edge of a shape.
export function edge_distance(rings, point) {
  let best = Infinity;
  const [px, py] = to_metres(point);
  for (const ring of rings) {
    for (let i = 0; i < ring.length; i++) {
      const [ax, ay] = to_metres(ring[i]);
      const [bx, by] = to_metres(ring[(i + 1) % ring.length]);
      const length2 = (bx - ax) ** 2 + (by - ay) ** 2;
      const t =
        length2 === 0 ? 0 : Math.min(1, Math.max(0, ((px - ax) * (bx - ax) + (py - ay) * (by - ay)) / length2));
      best = Math.min(best, Math.hypot(ax + t * (bx - ax) - px, ay + t * (by - ay) - py));
    }
  }
  return best;
}

const turn = (a, b, c) => Math.sign((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]));

// Do the two closed segments share a point? Shared end points count unless the caller leaves such pairs out.
export function segments_meet(a, b, c, d) {
  const t1 = turn(a, b, c);
  const t2 = turn(a, b, d);
  const t3 = turn(c, d, a);
  const t4 = turn(c, d, b);
  if (t1 !== t2 && t3 !== t4) return true;
  const on = (p, q, r) =>
    Math.min(p[0], q[0]) <= r[0] &&
    r[0] <= Math.max(p[0], q[0]) &&
    Math.min(p[1], q[1]) <= r[1] &&
    r[1] <= Math.max(p[1], q[1]);
  return (
    (t1 === 0 && on(a, b, c)) || (t2 === 0 && on(a, b, d)) || (t3 === 0 && on(c, d, a)) || (t4 === 0 && on(c, d, b))
  );
}

const same = (a, b) => a[0] === b[0] && a[1] === b[1];

// A ring that neither crosses nor touches itself.
export function ring_is_simple(ring) {
  const n = ring.length;
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) {
      const [a, b, c, d] = [ring[i], ring[(i + 1) % n], ring[j], ring[(j + 1) % n]];
      const neighbours = same(b, c) || same(a, d);
      if (neighbours) {
        if (same(b, c) && turn(a, b, d) === 0 && (a[0] - b[0]) * (d[0] - b[0]) + (a[1] - b[1]) * (d[1] - b[1]) > 0)
          return false;
        continue;
      }
      if (segments_meet(a, b, c, d)) return false;
    }
  }
  return true;
}

// A point well inside: the best of many random ones inside the bounding box.
export function inner_point(rings, random, tries = 300) {
  const xs = rings[0].map((v) => v[0]);
  const ys = rings[0].map((v) => v[1]);
  let best = null;
  let best_distance = -1;
  for (let i = 0; i < tries; i++) {
    const point = [
      Math.round(random.between(Math.min(...xs), Math.max(...xs))),
      Math.round(random.between(Math.min(...ys), Math.max(...ys))),
    ];
    if (!inside(rings, point)) continue;
    const d = edge_distance(rings, point);
    if (d > best_distance) [best, best_distance] = [point, d];
  }
  return best;
}
