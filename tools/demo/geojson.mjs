// Shapes as GeoJSON text, one feature a line so that a change of one grid shows as one changed line.

import { degrees, edge_distance, inside, ring_area2, to_metres, to_micro } from './geometry.mjs';
import { RIVER } from './names.mjs';

const position = ([lon, lat]) => `[${degrees(lon)},${degrees(lat)}]`;
const ring_text = (ring) => `[${[...ring, ring[0]].map(position).join(',')}]`;
const line_text = (line) => `[${line.map(position).join(',')}]`;

// Counter-clockwise rings are parts, clockwise ones are holes of the part they lie in.
function polygon_geometry(rings) {
  const parts = rings.filter((ring) => ring_area2(ring) > 0).map((outer) => [outer]);
  for (const hole of rings.filter((ring) => ring_area2(ring) < 0))
    parts.find(([outer]) => inside([outer], hole[0])).push(hole);
  const texts = parts.map((part) => `[${part.map(ring_text).join(',')}]`);
  if (texts.length === 1) return `{"type":"Polygon","coordinates":${texts[0]}}`;
  return `{"type":"MultiPolygon","coordinates":[${texts.join(',')}]}`;
}

const feature = (properties, geometry) =>
  `{"type":"Feature","properties":${JSON.stringify(properties)},"geometry":${geometry}}`;
const collection = (features) => `{"type":"FeatureCollection","features":[\n${features.join(',\n')}\n]}\n`;

export const areas_text = (units) =>
  collection(
    units.map((unit) =>
      feature({ code: unit.code, kind: unit.kind, name: unit.name_zh }, polygon_geometry(unit.rings)),
    ),
  );

export const grids_text = (units) =>
  collection(
    units.map((unit) =>
      feature({ code: unit.code, dedicated: unit.flags === 'dedicated' }, polygon_geometry(unit.rings)),
    ),
  );

// What a map without tiles needs to be read as a map: the river, the railway, the main roads.
export function backdrop_text({ map, streets, dedicated }) {
  const river = map.river.filter(([lon]) => lon > 123697000 && lon < 123823000);
  const roads = road_lines(map, streets);
  const railway = railway_line(dedicated.find((unit) => unit.code === 'z01'));
  return collection([
    feature({ kind: 'river', name: RIVER.name }, polygon_geometry([bank(river)])),
    feature({ kind: 'railway', name: '' }, `{"type":"LineString","coordinates":${line_text(railway)}}`),
    ...roads.map((line) =>
      feature({ kind: 'road', name: '' }, `{"type":"LineString","coordinates":${line_text(line)}}`),
    ),
  ]);
}

// The river's midline with about 40 metres of water on each side.
function bank(line) {
  const flat = line.map(to_metres);
  const side = (sign) =>
    flat.map(([x, y], i) => {
      const [ax, ay] = flat[Math.max(0, i - 1)];
      const [bx, by] = flat[Math.min(flat.length - 1, i + 1)];
      const length = Math.hypot(bx - ax, by - ay);
      return to_micro([x - (sign * 40 * (by - ay)) / length, y + (sign * 40 * (bx - ax)) / length]);
    });
  const ring = [...side(-1), ...side(1).reverse()];
  return ring_area2(ring) > 0 ? ring : ring.reverse();
}

function railway_line(station) {
  const [mx, my] = to_metres([station.lon, station.lat]);
  const points = [-5200, -3400, -1700, -500, 0, 500, 1700, 3400, 5200].map((d) => [
    mx + d,
    my + 0.34 * d - (d * d) / 26000,
  ]);
  return points.map(to_micro).filter(([lon, lat]) => lon > 123698000 && lon < 123822000 && lat < 41382000);
}

// Borders between streets, away from the river, are the main roads.
function road_lines(map, streets) {
  const owners = new Map();
  for (const street of streets) {
    for (const ring of street.rings) {
      ring.forEach((a, i) => {
        const b = ring[(i + 1) % ring.length];
        const key = [String(a), String(b)].sort().join('>');
        owners.set(key, [...(owners.get(key) ?? []), [a, b]]);
      });
    }
  }
  const edges = [...owners.values()].filter((list) => list.length === 2).map((list) => list[0]);
  return chain_edges(edges.filter(([a, b]) => !in_river(map.river, a, b)));
}

// A border that runs along the river is no road: its middle lies on the river's line.
function in_river(river, a, b) {
  const middle = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
  return river.some((from, i) => i > 0 && edge_distance([[river[i - 1], from]], middle) < 15);
}

function chain_edges(edges) {
  const left = edges.slice();
  const lines = [];
  while (left.length > 0) {
    const line = left.pop().slice();
    for (let grown = true; grown;) {
      grown = false;
      for (let i = 0; i < left.length && !grown; i++) {
        const [a, b] = left[i];
        const tail = String(line[line.length - 1]);
        const head = String(line[0]);
        if (String(a) === tail) line.push(b);
        else if (String(b) === tail) line.push(a);
        else if (String(b) === head) line.unshift(a);
        else if (String(a) === head) line.unshift(b);
        else continue;
        left.splice(i, 1);
        grown = true;
      }
    }
    lines.push(line);
  }
  return lines;
}
