// The twelve dedicated grids: blocks such as a hospital or a station, each within one community, never in each other's way.

import {
  distance,
  edge_distance,
  inner_point,
  inside,
  ORIGIN,
  ring_area2,
  ring_is_simple,
  to_metres,
  to_micro,
} from './geometry.mjs';

// code, street, name, English name, length and width in metres, parts
const DEDICATED = [
  ['z01', '北驿', '云汀火车站', 'Yunting Railway Station', 560, 240, 1],
  ['z02', '北驿', '长途客运站', 'Coach Station', 300, 210, 1],
  ['z03', '汀桥', '区人民医院', "District People's Hospital", 230, 170, 2],
  ['z04', '望槐', '区中医院', 'Hospital of Chinese Medicine', 240, 180, 1],
  ['z05', '青砚', '云汀师范学院', 'Yunting Teachers College', 520, 380, 1],
  ['z06', '听松', '区实验中学', 'District Experimental Middle School', 260, 200, 1],
  ['z07', '雁塘', '雁塘农产品批发市场', 'Yantang Produce Market', 420, 260, 1],
  ['z08', '汀桥', '汀桥步行街', 'Tingqiao Pedestrian Street', 340, 130, 1],
  ['z09', '东渠', '东渠工业园', 'Dongqu Industrial Park', 640, 420, 1],
  ['z10', '青砚', '青砚科技园', 'Qingyan Science Park', 440, 320, 1],
  ['z11', '听松', '听松公园', 'Tingsong Park', 480, 360, 1],
  ['z12', '望槐', '区体育中心', 'District Sports Centre', 360, 280, 1],
];

export function place_dedicated(random, streets) {
  const placed = [];
  for (const row of DEDICATED)
    placed.push(
      find_site(
        random,
        streets.find((street) => street.name === row[1]),
        row,
        placed,
      ),
    );
  return placed;
}

function find_site(random, street, [code, , name, english, length, width, parts], placed) {
  const used = new Set(placed.map((unit) => unit.parent));
  for (let i = 0; i < 20000; i++) {
    const scale = i < 10000 ? 1 : 0.75;
    const community = random.pick(street.children);
    if (used.has(community.code)) continue;
    const rings = site_rings(random, community, length * scale, width * scale, parts);
    if (rings === null || rings.some((ring) => !site_is_free(ring, community, placed))) continue;
    const [lon, lat] = inner_point(rings.slice(0, 1), random);
    return {
      code,
      kind: 'grid',
      parent: community.code,
      name_zh: `${name}专属网格`,
      name_en: `${english} Dedicated Grid`,
      lon,
      lat,
      flags: 'dedicated',
      calendar: '',
      rings,
      community,
      place: name,
      english,
    };
  }
  throw new Error(`no site for ${name}: choose another seed`);
}

// A block with one corner cut off, turned a little; a second part stands across the road from the first.
function site_rings(random, community, length, width, parts) {
  const grid = random.pick(community.children);
  const [mx, my] = to_metres(inner_point(grid.rings, random, 12) ?? grid.rings[0][0]);
  const angle = random.between(-0.25, 0.45);
  const corner = Math.min(length, width) * random.between(0.15, 0.3);
  const shape = [
    [-1, -1],
    [1, -1],
    [1, 1],
    [-1, 1],
  ].map(([sx, sy]) => [(sx * length) / 2 + random.between(-12, 12), (sy * width) / 2 + random.between(-12, 12)]);
  const cut = [shape[2][0] - corner, shape[2][1]];
  const ring = [shape[0], shape[1], [shape[2][0], shape[2][1] - corner], cut, shape[3]];
  const put = (shift, size) =>
    ring.map(([x, y]) => {
      const [px, py] = [x * size, y * size + shift];
      return to_micro([
        mx + px * Math.cos(angle) - py * Math.sin(angle),
        my + px * Math.sin(angle) + py * Math.cos(angle),
      ]);
    });
  return parts === 1 ? [put(0, 1)] : [put(0, 1), put(width * 0.95, 0.7)];
}

function site_is_free(ring, community, placed) {
  const points = ring.flatMap((v, i) => {
    const next = ring[(i + 1) % ring.length];
    return [0, 0.25, 0.5, 0.75].map((t) => [
      Math.round(v[0] + t * (next[0] - v[0])),
      Math.round(v[1] + t * (next[1] - v[1])),
    ]);
  });
  if (!ring_is_simple(ring) || ring_area2(ring) <= 0) return false;
  if (points.some((p) => !inside(community.rings, p) || edge_distance(community.rings, p) < 20)) return false;
  if (inside([ring], ORIGIN) || points.some((p) => distance(p, ORIGIN) < 300)) return false;
  return placed.every((other) => points.every((p) => !inside(other.rings, p) && edge_distance(other.rings, p) > 60));
}
