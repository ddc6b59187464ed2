// The outline of shapes that tile, without any geometry: shared borders have exactly equal vertices.

import { ring_area2 } from './geometry.mjs';

// The outline of shapes that tile: an edge walked in both directions lies inside and goes; what is left is chained.
export function union_rings(shapes) {
  const edges = new Map();
  const key = (a, b) => `${a[0]},${a[1]}>${b[0]},${b[1]}`;
  for (const ring of shapes.flat()) {
    for (let i = 0; i < ring.length; i++) {
      const [a, b] = [ring[i], ring[(i + 1) % ring.length]];
      if (edges.has(key(b, a))) edges.delete(key(b, a));
      else edges.set(key(a, b), [a, b]);
    }
  }
  const leaving = new Map();
  for (const [a, b] of edges.values()) {
    const name = `${a[0]},${a[1]}`;
    if (!leaving.has(name)) leaving.set(name, []);
    leaving.get(name).push(b);
  }
  const rings = [];
  for (const [name, targets] of leaving) {
    while (targets.length > 0) rings.push(walk_ring(leaving, name.split(',').map(Number), targets));
  }
  return rings.sort((a, b) => Math.abs(ring_area2(b)) - Math.abs(ring_area2(a)));
}

function walk_ring(leaving, start, targets) {
  const ring = [start];
  let at = targets.pop();
  while (at[0] !== start[0] || at[1] !== start[1]) {
    ring.push(at);
    const next = leaving.get(`${at[0]},${at[1]}`);
    if (!next || next.length === 0) throw new Error('shapes do not tile');
    at = next.pop();
  }
  return ring;
}
