// The map: one outline is cut again and again (river, streets, communities, grids). Every cut puts its end points into
// the neighbouring shapes too, so that shapes on both sides of a border own exactly the same vertices and the grids
// tile the district without gap or overlap. Cuts follow an invented road pattern and bend a little, as roads do.

import {
  distance,
  edge_distance,
  inner_point,
  inside,
  ring_area2,
  ring_is_simple,
  ring_perimeter,
  segments_meet,
  to_metres,
  to_micro,
} from './geometry.mjs';
import { union_rings } from './union.mjs';

const MASS_POINTS = 60000;

// Level of a cut: how far apart its bends lie, how much they bend, and how near a corner it snaps to (metres).
const LEVELS = {
  street: { step: 420, bend: 0.035, snap: 120, tries: 40 },
  community: { step: 300, bend: 0.03, snap: 70, tries: 40 },
  grid: { step: 170, bend: 0.022, snap: 40, tries: 30 },
};

export function make_map(random, streets) {
  const map = { faces: [], vertices: new Map() };
  const outline = district_outline(map, random);
  const river = river_line(random);
  let whole = new_face(map, outline);
  whole.mass = mass_points(whole, random);
  const [north, south] = cut_by_river(map, whole, river);
  const half = streets.length - 3;
  share(map, random, 'street', north, streets.slice(0, half));
  share(map, random, 'street', south, streets.slice(half));
  return { ...map, outline: face_rings_of_all(map), river };
}

// ---- shapes ----

function vertex(map, micro) {
  const key = `${micro[0]},${micro[1]}`;
  if (!map.vertices.has(key)) map.vertices.set(key, micro);
  return map.vertices.get(key);
}

function new_face(map, ring) {
  const face = { rings: [ring], mass: [], item: null };
  map.faces.push(face);
  return face;
}

function district_outline(map, random) {
  const ring = [];
  const phase = random.between(0, 6);
  for (let i = 0; i < 84; i++) {
    const a = (i / 84) * 2 * Math.PI;
    const swell =
      1 + 0.07 * Math.sin(3 * a + phase) + 0.05 * Math.sin(5 * a + 2 * phase) + random.between(-0.022, 0.022);
    ring.push(vertex(map, to_micro([4450 * swell * Math.cos(a), 4800 * swell * Math.sin(a)])));
  }
  return ring;
}

// From west to east, south of the middle, with one wide bend.
function river_line(random) {
  const line = [];
  for (let x = -5600; x <= 5600; x += 280) {
    const y = -1250 + 780 * Math.sin(x / 1150 + 0.6) * Math.exp(-((x / 4200) ** 2)) - 0.09 * x;
    line.push(to_micro([x + random.between(-40, 40), y + random.between(-35, 35)]));
  }
  return line;
}

// People live closer together in the middle: cuts share out these points evenly, so grids are small there.
function mass_points(face, random) {
  const points = [];
  while (points.length < MASS_POINTS) {
    const x = random.between(-5400, 5400);
    const y = random.between(-5600, 5600);
    const density = 0.13 + 0.87 * Math.exp(-Math.hypot(x - 150, (y + 250) * 0.9) / 2300);
    if (random.unit() > density) continue;
    const point = to_micro([x, y]);
    if (inside(face.rings, point)) points.push(point);
  }
  return points;
}

// ---- cutting ----

// Shares a face out among items = [{ weight, children?, level? }], by halves.
function share(map, random, level, face, items) {
  if (items.length === 1) {
    face.item = items[0];
    items[0].face = face;
    if (items[0].children) share(map, random, items[0].level, face, items[0].children);
    return;
  }
  const middle = Math.floor(items.length / 2);
  const sum = (list) => list.reduce((total, item) => total + item.weight, 0);
  const fraction = sum(items.slice(0, middle)) / sum(items);
  const [first, second] = halve(map, random, LEVELS[level], face, fraction);
  share(map, random, level, first, items.slice(0, middle));
  share(map, random, level, second, items.slice(middle));
}

function halve(map, random, level, face, fraction) {
  let best = null;
  for (let i = 0; i < level.tries || (best === null && i < 400); i++) {
    const cut = try_cut(random, level, face, fraction, i);
    if (cut !== null && (best === null || cut.score > best.score)) best = cut;
  }
  if (best === null) throw new Error('no cut found: choose another seed');
  return apply_cut(map, face, best.chain);
}

// The road pattern turns slowly across the district.
const road_angle = ([x, y]) => 0.16 + 0.22 * Math.sin(x / 3600) + 0.16 * Math.cos(y / 3000);

function try_cut(random, level, face, fraction, attempt) {
  const middle = to_metres(face.mass[Math.floor(face.mass.length / 2)] ?? face.rings[0][0]);
  const angle =
    road_angle(middle) + (attempt % 2) * (Math.PI / 2) + random.between(-0.12, 0.12) * (attempt < 12 ? 1 : 4);
  const normal = [-Math.sin(angle), Math.cos(angle)];
  const project = (point) => {
    const [x, y] = to_metres(point);
    return x * normal[0] + y * normal[1];
  };
  const reach = face.mass.map(project).sort((a, b) => a - b);
  if (reach.length < 8) return null;
  const offset = reach[Math.floor(reach.length * fraction)];
  const ends = crossings(face.rings[0], project, offset, level.snap);
  if (ends === null) return null;
  const chain = bend(random, level, ends);
  const parts = divide(face.rings[0], ends, chain);
  if (parts === null || !chain_is_clear(face.rings[0], ends, chain)) return null;
  const shapes = parts.map((ring) => (4 * Math.PI * Math.abs(ring_area_metres(ring))) / ring_perimeter(ring) ** 2);
  return { score: Math.min(...shapes), chain: { ends, chain } };
}

const ring_area_metres = (ring) => {
  const flat = ring.map(to_metres);
  return flat.reduce((sum, [x1, y1], i) => {
    const [x2, y2] = flat[(i + 1) % flat.length];
    return sum + (x1 * y2 - x2 * y1) / 2;
  }, 0);
};

// Where the line crosses the ring: exactly twice, or the cut is refused. An end near a corner becomes that corner.
function crossings(ring, project, offset, snap) {
  const found = [];
  for (let i = 0; i < ring.length; i++) {
    const a = ring[i];
    const b = ring[(i + 1) % ring.length];
    const pa = project(a) - offset;
    const pb = project(b) - offset;
    if (pa >= 0 === pb >= 0) continue;
    const t = pa / (pa - pb);
    const point = [Math.round(a[0] + t * (b[0] - a[0])), Math.round(a[1] + t * (b[1] - a[1]))];
    if (distance(point, a) < snap) found.push({ at: a });
    else if (distance(point, b) < snap) found.push({ at: b });
    else found.push({ at: point, from: a, to: b });
  }
  if (found.length !== 2 || distance(found[0].at, found[1].at) < 2 * snap) return null;
  return found;
}

function bend(random, level, [start, end]) {
  const length = distance(start.at, end.at);
  const count = Math.max(0, Math.round(length / level.step) - 1);
  const [ax, ay] = to_metres(start.at);
  const [bx, by] = to_metres(end.at);
  const side = [-(by - ay) / length, (bx - ax) / length];
  const bow = random.between(-1, 1) * level.bend * length;
  const chain = [start.at];
  for (let i = 1; i <= count; i++) {
    const t = i / (count + 1) + random.between(-0.2, 0.2) / (count + 1);
    const shift = bow * Math.sin(Math.PI * t) + random.between(-1, 1) * level.bend * level.step;
    chain.push(to_micro([ax + t * (bx - ax) + shift * side[0], ay + t * (by - ay) + shift * side[1]]));
  }
  chain.push(end.at);
  return chain;
}

// The ring with the ends put in, walked both ways round.
function divide(ring, ends, chain) {
  const full = with_ends(ring, ends);
  const i = full.indexOf(ends[0].at);
  const j = full.indexOf(ends[1].at);
  if (i < 0 || j < 0 || i === j) return null;
  const walk = (from, to) => {
    const part = [];
    for (let k = from; k !== to; k = (k + 1) % full.length) part.push(full[k]);
    return part;
  };
  const back = chain.slice(1).reverse();
  const forth = chain.slice(0, -1);
  const first = [...walk(i, j), ...back];
  const second = [...walk(j, i), ...forth];
  if (first.length < 3 || second.length < 3) return null;
  return [first, second];
}

function with_ends(ring, ends) {
  const full = [];
  for (let i = 0; i < ring.length; i++) {
    full.push(ring[i]);
    const next = ring[(i + 1) % ring.length];
    const here = ends.filter((end) => end.from === ring[i] && end.to === next);
    here.sort((a, b) => distance(ring[i], a.at) - distance(ring[i], b.at));
    full.push(...here.map((end) => end.at));
  }
  return full;
}

function chain_is_clear(ring, ends, chain) {
  const full = with_ends(ring, ends);
  const tips = [chain[0], chain[chain.length - 1]];
  for (let i = 0; i + 1 < chain.length; i++) {
    const middle = [(chain[i][0] + chain[i + 1][0]) / 2, (chain[i][1] + chain[i + 1][1]) / 2];
    if (!inside([full], middle)) return false;
    for (let k = 0; k < full.length; k++) {
      const [a, b] = [full[k], full[(k + 1) % full.length]];
      if (tips.includes(a) || tips.includes(b)) continue;
      if (segments_meet(chain[i], chain[i + 1], a, b)) return false;
    }
  }
  return tips.every((tip, k) => angle_is_open(full, tip, k === 0 ? chain[1] : chain[chain.length - 2]));
}

// No wedge under about 30 degrees where the cut meets the border.
function angle_is_open(full, tip, next) {
  const at = full.indexOf(tip);
  const direction = (to) => {
    const [x1, y1] = to_metres(tip);
    const [x2, y2] = to_metres(to);
    return Math.atan2(y2 - y1, x2 - x1);
  };
  const mine = direction(next);
  return [full[(at + 1) % full.length], full[(at - 1 + full.length) % full.length]].every((other) => {
    const difference = Math.abs(mine - direction(other)) % (2 * Math.PI);
    return Math.min(difference, 2 * Math.PI - difference) > 0.55;
  });
}

function apply_cut(map, face, { ends, chain }) {
  const shared = chain.map((point) => vertex(map, point));
  const fixed = ends.map((end, k) => ({ ...end, at: k === 0 ? shared[0] : shared[shared.length - 1] }));
  const [first, second] = divide(face.rings[0], fixed, shared);
  for (const end of fixed.filter((e) => e.from)) insert_everywhere(map, face, end);
  const one = new_face(map, first);
  const two = new_face(map, second);
  map.faces.splice(map.faces.indexOf(face), 1);
  for (const point of face.mass) (inside(one.rings, point) ? one : two).mass.push(point);
  return [one, two];
}

// A T-junction: whoever has this edge, in either direction, gets the new vertex.
function insert_everywhere(map, except, { from, to, at }) {
  for (const face of map.faces) {
    if (face === except) continue;
    for (const ring of face.rings) {
      for (let i = 0; i < ring.length; i++) {
        const next = ring[(i + 1) % ring.length];
        if ((ring[i] === from && next === to) || (ring[i] === to && next === from)) {
          ring.splice(i + 1, 0, at);
          i++;
        }
      }
    }
  }
}

function cut_by_river(map, face, river) {
  const ring = face.rings[0];
  const within = river.filter((point) => inside(face.rings, point) && edge_distance(face.rings, point) > 90);
  const first = river.indexOf(within[0]);
  const last = river.indexOf(within[within.length - 1]);
  const ends = [meeting(ring, river[first - 2], river[first]), meeting(ring, river[last + 2], river[last])];
  const chain = [ends[0].at, ...within, ends[1].at];
  const parts = apply_cut(map, face, { ends, chain });
  const height = (part) => part.mass.reduce((sum, point) => sum + point[1], 0) / part.mass.length;
  return parts.sort((a, b) => height(b) - height(a));
}

function meeting(ring, outer, inner) {
  for (let i = 0; i < ring.length; i++) {
    const [a, b] = [ring[i], ring[(i + 1) % ring.length]];
    if (!segments_meet(outer, inner, a, b)) continue;
    const t = 0.5;
    return { at: [Math.round(a[0] + t * (b[0] - a[0])), Math.round(a[1] + t * (b[1] - a[1]))], from: a, to: b };
  }
  throw new Error('the river does not cross the outline: choose another seed');
}

// ---- holes ----

// Cuts a closed shape out of the middle of a face and returns its ring (clockwise in the face, counter-clockwise alone).
export function punch(map, random, face, size) {
  const middle = inner_point(face.rings, random);
  const room = edge_distance(face.rings, middle) * size;
  const [mx, my] = to_metres(middle);
  const ring = [];
  for (let i = 0; i < 7; i++) {
    const a = (i / 7) * 2 * Math.PI + random.between(-0.2, 0.2);
    const r = room * random.between(0.8, 1);
    ring.push(vertex(map, to_micro([mx + r * Math.cos(a), my + r * Math.sin(a)])));
  }
  if (!ring_is_simple(ring) || ring_area2(ring) <= 0) throw new Error('bad hole: choose another seed');
  face.rings.push(ring.slice().reverse());
  return ring;
}

function face_rings_of_all(map) {
  return union_rings(map.faces.map((face) => face.rings));
}
