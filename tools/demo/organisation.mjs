// The organisation of the invented district: which units there are, what they are called, where they lie.
// Streets and communities get their codes from where they lie on the map, so that neighbours have near numbers.

import { place_dedicated } from './dedicated.mjs';
import { department_units } from './departments.mjs';
import { edge_distance, inner_point, ORIGIN, to_metres } from './geometry.mjs';
import { make_map, punch } from './map.mjs';
import { CHINESE_NUMBERS, COMMUNITIES, DISTRICT, STREETS, pinyin } from './names.mjs';
import { union_rings } from './union.mjs';

const GRID_COUNT = 315;
const PUNCHED = 1; // one of the 315 is cut out of the middle of another

const two = (n) => String(n).padStart(2, '0');

// All units in the order of the file, each { code, kind, parent, name_zh, name_en, lon, lat, flags, calendar, rings? }.
export function make_organisation(random) {
  const tree = plan_tree(random);
  const map = make_map(random, tree);
  const streets = place_streets(tree);
  const units = [...fixed_units()];
  const grids = [];
  for (const street of streets) {
    street.children.forEach((community, k) => name_community(street, community, k, grids));
    units.push(unit_of(random, street, 'street'), ...street.children.map((c) => unit_of(random, c, 'community')));
  }
  punch_holes(map, random, streets, grids);
  const dedicated = place_dedicated(random, streets);
  units.push(...grids.map((grid) => unit_of(random, grid, 'grid')), ...dedicated);
  units.push(...department_units(random, streets));
  const district = units.find((unit) => unit.kind === 'district');
  district.rings = map.outline;
  return { map, streets, grids, dedicated, units };
}

// Communities of the seven cut-out shapes: four north of the river, three south of it.
const SHAPE_SIZES = [8, 7, 8, 7, 7, 8, 7];

// Seven streets, 52 communities, 315 basic grids (one of them cut out later), weights = number of grids.
function plan_tree(random) {
  const sizes = SHAPE_SIZES;
  const total = sizes.reduce((a, b) => a + b, 0);
  const counts = Array.from({ length: total }, () => 6);
  let missing = GRID_COUNT - PUNCHED - counts.reduce((a, b) => a + b, 0);
  for (let i = 0; i < 60; i++) {
    const [a, b] = [random.whole(0, total - 1), random.whole(0, total - 1)];
    if (a !== b && counts[a] > 4 && counts[b] < 9) (counts[a]--, counts[b]++);
  }
  while (missing !== 0) {
    const a = random.whole(0, total - 1);
    if (missing > 0 && counts[a] < 9) (counts[a]++, missing--);
    else if (missing < 0 && counts[a] > 4) (counts[a]--, missing++);
  }
  return sizes.map((size) => {
    const children = counts.splice(0, size).map((count) => ({
      weight: count,
      level: 'grid',
      children: Array.from({ length: count }, () => ({ weight: 1 })),
    }));
    return { weight: children.reduce((sum, c) => sum + c.weight, 0), level: 'community', children };
  });
}

const rings_of = (item) => union_rings(leaves(item).map((grid) => grid.face.rings));
const leaves = (item) => (item.children ? item.children.flatMap(leaves) : [item]);

// Which cut-out shape becomes which street: by where it lies. The number of communities must fit the names.
function place_streets(tree) {
  const middle = (item) => {
    const points = leaves(item)
      .flatMap((grid) => grid.face.rings[0])
      .map(to_metres);
    return [0, 1].map((k) => points.reduce((sum, p) => sum + p[k], 0) / points.length);
  };
  const left = tree.map((item) => ({ item, middle: middle(item) }));
  const take = (name, measure) => {
    const fitting = left.filter(({ item }) => item.children.length === COMMUNITIES[name].length);
    fitting.sort((a, b) => measure(b.middle) - measure(a.middle));
    const chosen = fitting[0];
    left.splice(left.indexOf(chosen), 1);
    return { ...chosen.item, name, rings: rings_of(chosen.item) };
  };
  const order = [
    ['汀桥', ([x, y]) => -Math.hypot(x, y)],
    ['北驿', ([, y]) => y],
    ['雁塘', ([, y]) => -y],
    ['望槐', ([x]) => -x],
    ['东渠', ([x]) => x],
    ['听松', ([, y]) => y],
    ['青砚', () => 0],
  ];
  const found = order.map(([name, measure]) => take(name, measure));
  return STREETS.map((name, i) => {
    const street = found.find((item) => item.name === name);
    return Object.assign(street, { code: `s${i + 1}`, children: reading_order(street.children) });
  });
}

// Rows from north to south, in each row from west to east, as on a page.
function reading_order(items) {
  const placed = items.map((item) => {
    const points = leaves(item)
      .flatMap((grid) => grid.face.rings[0])
      .map(to_metres);
    return {
      item,
      x: points.reduce((s, p) => s + p[0], 0) / points.length,
      y: points.reduce((s, p) => s + p[1], 0) / points.length,
    };
  });
  placed.sort((a, b) => b.y - a.y);
  const rows = Math.max(1, Math.round(Math.sqrt(placed.length)));
  const per_row = Math.ceil(placed.length / rows);
  const ordered = [];
  for (let i = 0; i < placed.length; i += per_row)
    ordered.push(...placed.slice(i, i + per_row).sort((a, b) => a.x - b.x));
  return ordered.map(({ item }) => item);
}

function name_community(street, community, k, grids) {
  Object.assign(community, {
    name: COMMUNITIES[street.name][k],
    code: `c${street.code[1]}${two(k + 1)}`,
    street,
    rings: rings_of(community),
  });
  community.children = reading_order(community.children);
  community.children.forEach((grid, i) => {
    Object.assign(grid, {
      code: `g${street.code[1]}${two(k + 1)}${two(i + 1)}`,
      number: i + 1,
      community,
      rings: grid.face.rings,
    });
    grids.push(grid);
  });
}

// One grid lies like an island in another, and one grid owns an exclave inside its neighbour: both happen in real life.
function punch_holes(map, random, streets, grids) {
  const roomy = (community) => [...community.children].sort((a, b) => room(random, b) - room(random, a))[0];
  const first = streets[5].children[4];
  const host = roomy(first);
  const ring = punch(map, random, host.face, 0.62);
  const island = {
    code: '',
    number: first.children.length + 1,
    community: first,
    rings: [ring],
    weight: 1,
    face: { rings: [ring] },
  };
  island.code = `g${first.code.slice(1)}${two(island.number)}`;
  first.children.push(island);
  grids.splice(grids.indexOf(first.children[first.children.length - 2]) + 1, 0, island);
  const second = streets[3].children[1];
  const enclosing = roomy(second);
  const owner = second.children.find((grid) => grid !== enclosing && touches(grid, enclosing));
  const exclave = punch(map, random, enclosing.face, 0.45);
  owner.face.rings.push(exclave);
}

const touches = (a, b) => a.rings[0].some((v) => b.rings[0].includes(v));
const room = (random, grid) => edge_distance(grid.rings, inner_point(grid.rings, random, 60));

function unit_of(random, item, kind) {
  const [lon, lat] = inner_point(item.rings.slice(0, 1), random);
  const names = {
    street: () => [`${item.name}街道`, `${pinyin(item.name)} Street`, 'd1'],
    community: () => [`${item.name}社区`, `${pinyin(item.name)} Community`, item.street?.code],
    grid: () => [
      `${item.community.name}社区第${CHINESE_NUMBERS[item.number]}网格`,
      `${pinyin(item.community.name)} Grid ${item.number}`,
      item.community.code,
    ],
  }[kind]();
  item.unit = {
    code: item.code,
    kind,
    parent: names[2],
    name_zh: names[0],
    name_en: names[1],
    lon,
    lat,
    flags: '',
    calendar: '',
    rings: item.rings,
  };
  if (kind === 'grid' && item.rings.length > 1) [item.unit.lon, item.unit.lat] = inner_point(item.rings, random);
  return item.unit;
}

function fixed_units() {
  const [lon, lat] = [ORIGIN[0] - 900, ORIGIN[1] - 700];
  const unit = (code, kind, parent, name_zh, name_en, calendar) => ({
    code,
    kind,
    parent,
    name_zh,
    name_en,
    lon,
    lat,
    flags: '',
    calendar,
  });
  return [
    unit('center', 'center', '', '城市运行指挥中心', 'City Command Centre', 'always'),
    unit('duty', 'pool', 'center', '指挥中心值班席', 'Duty Desk', 'always'),
    unit('d1', 'district', 'center', DISTRICT.name, DISTRICT.english, ''),
  ];
}
