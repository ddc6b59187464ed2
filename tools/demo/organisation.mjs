// The organisation of the invented district: which units there are, what they are called, where they lie.
// Streets and communities get their codes from where they lie on the map, so that neighbours have near numbers.

import { inner_point, inside, edge_distance, to_metres, to_micro, ring_is_simple, ring_area2, distance, ORIGIN } from './geometry.mjs';
import { make_map, punch, union_rings } from './map.mjs';
import { CHINESE_NUMBERS, COMMUNITIES, DISTRICT, STREETS, pinyin } from './names.mjs';

const GRID_COUNT = 315;
const PUNCHED = 1; // one of the 315 is cut out of the middle of another

// code, name, English name, calendar ('' = the default one)
export const DEPARTMENTS = [
  ['urban', '城市管理和综合执法局', 'Urban Management and Enforcement Bureau', ''],
  ['municipal', '市政公用事业局', 'Municipal Works Bureau', ''],
  ['housing', '住房和城乡建设局', 'Housing and Construction Bureau', ''],
  ['water', '水务局', 'Water Affairs Bureau', ''],
  ['transport', '交通运输局', 'Transport Bureau', ''],
  ['police', '公安分局', 'Police Branch', 'always'],
  ['traffic', '公安交警大队', 'Traffic Police', 'always'],
  ['env', '生态环境分局', 'Ecology and Environment Branch', ''],
  ['market', '市场监督管理局', 'Market Regulation Bureau', ''],
  ['emergency', '应急管理局', 'Emergency Management Bureau', 'always'],
  ['fire', '消防救援大队', 'Fire and Rescue', 'always'],
  ['health', '卫生健康局', 'Health Bureau', ''],
  ['edu', '教育局', 'Education Bureau', ''],
  ['civil', '民政局', 'Civil Affairs Bureau', ''],
  ['hr', '人力资源和社会保障局', 'Human Resources and Social Security Bureau', ''],
  ['medicare', '医疗保障局', 'Healthcare Security Bureau', ''],
  ['natural', '自然资源分局', 'Natural Resources Branch', ''],
  ['parks', '园林绿化局', 'Parks and Greening Bureau', ''],
  ['culture', '文化旅游和体育局', 'Culture, Tourism and Sports Bureau', ''],
  ['commerce', '商务局', 'Commerce Bureau', ''],
  ['agri', '农业农村局', 'Agriculture Bureau', ''],
  ['justice', '司法局', 'Justice Bureau', ''],
  ['industry', '工业和信息化局', 'Industry and Information Technology Bureau', ''],
  ['service', '政务服务和数据管理局', 'Government Services and Data Bureau', 'hall'],
];

// code, department it answers to, name, English name
export const ENTERPRISES = [
  ['waterworks', 'water', '供水有限公司', 'Water Supply Company'],
  ['powergrid', 'industry', '供电公司', 'Power Supply Company'],
  ['gas', 'municipal', '燃气有限公司', 'Gas Company'],
  ['heating', 'housing', '供热有限公司', 'Heating Company'],
  ['bus', 'transport', '公共交通有限公司', 'Bus Company'],
  ['sanitation', 'urban', '环境卫生有限公司', 'Sanitation Company'],
];

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
    if (a !== b && counts[a] > 4 && counts[b] < 9) counts[a]--, counts[b]++;
  }
  while (missing !== 0) {
    const a = random.whole(0, total - 1);
    if (missing > 0 && counts[a] < 9) counts[a]++, missing--;
    else if (missing < 0 && counts[a] > 4) counts[a]--, missing++;
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
    const points = leaves(item).flatMap((grid) => grid.face.rings[0]).map(to_metres);
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
    const points = leaves(item).flatMap((grid) => grid.face.rings[0]).map(to_metres);
    return { item, x: points.reduce((s, p) => s + p[0], 0) / points.length, y: points.reduce((s, p) => s + p[1], 0) / points.length };
  });
  placed.sort((a, b) => b.y - a.y);
  const rows = Math.max(1, Math.round(Math.sqrt(placed.length)));
  const per_row = Math.ceil(placed.length / rows);
  const ordered = [];
  for (let i = 0; i < placed.length; i += per_row) ordered.push(...placed.slice(i, i + per_row).sort((a, b) => a.x - b.x));
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
    Object.assign(grid, { code: `g${street.code[1]}${two(k + 1)}${two(i + 1)}`, number: i + 1, community, rings: grid.face.rings });
    grids.push(grid);
  });
}

// One grid lies like an island in another, and one grid owns an exclave inside its neighbour: both happen in real life.
function punch_holes(map, random, streets, grids) {
  const roomy = (community) => [...community.children].sort((a, b) => room(random, b) - room(random, a))[0];
  const first = streets[5].children[4];
  const host = roomy(first);
  const ring = punch(map, random, host.face, 0.62);
  const island = { code: '', number: first.children.length + 1, community: first, rings: [ring], weight: 1, face: { rings: [ring] } };
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
    grid: () => [`${item.community.name}社区第${CHINESE_NUMBERS[item.number]}网格`, `${pinyin(item.community.name)} Grid ${item.number}`, item.community.code],
  }[kind]();
  item.unit = { code: item.code, kind, parent: names[2], name_zh: names[0], name_en: names[1], lon, lat, flags: '', calendar: '', rings: item.rings };
  if (kind === 'grid' && item.rings.length > 1) [item.unit.lon, item.unit.lat] = inner_point(item.rings, random);
  return item.unit;
}

function fixed_units() {
  const [lon, lat] = [ORIGIN[0] - 900, ORIGIN[1] - 700];
  const unit = (code, kind, parent, name_zh, name_en, calendar) => ({ code, kind, parent, name_zh, name_en, lon, lat, flags: '', calendar });
  return [
    unit('center', 'center', '', '城市运行指挥中心', 'City Command Centre', 'always'),
    unit('duty', 'pool', 'center', '指挥中心值班席', 'Duty Desk', 'always'),
    unit('d1', 'district', 'center', DISTRICT.name, DISTRICT.english, ''),
  ];
}

// ---- dedicated grids ----

function place_dedicated(random, streets) {
  const placed = [];
  for (const row of DEDICATED) placed.push(find_site(random, streets.find((street) => street.name === row[1]), row, placed));
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
      code, kind: 'grid', parent: community.code, name_zh: `${name}专属网格`, name_en: `${english} Dedicated Grid`,
      lon, lat, flags: 'dedicated', calendar: '', rings, community, place: name, english,
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
  const shape = [[-1, -1], [1, -1], [1, 1], [-1, 1]].map(([sx, sy]) => [(sx * length) / 2 + random.between(-12, 12), (sy * width) / 2 + random.between(-12, 12)]);
  const cut = [shape[2][0] - corner, shape[2][1]];
  const ring = [shape[0], shape[1], [shape[2][0], shape[2][1] - corner], cut, shape[3]];
  const put = (shift, size) =>
    ring.map(([x, y]) => {
      const [px, py] = [x * size, y * size + shift];
      return to_micro([mx + px * Math.cos(angle) - py * Math.sin(angle), my + px * Math.sin(angle) + py * Math.cos(angle)]);
    });
  return parts === 1 ? [put(0, 1)] : [put(0, 1), put(width * 0.95, 0.7)];
}

function site_is_free(ring, community, placed) {
  const points = ring.flatMap((v, i) => {
    const next = ring[(i + 1) % ring.length];
    return [0, 0.25, 0.5, 0.75].map((t) => [Math.round(v[0] + t * (next[0] - v[0])), Math.round(v[1] + t * (next[1] - v[1]))]);
  });
  if (!ring_is_simple(ring) || ring_area2(ring) <= 0) return false;
  if (points.some((p) => !inside(community.rings, p) || edge_distance(community.rings, p) < 20)) return false;
  if (inside([ring], ORIGIN) || points.some((p) => distance(p, ORIGIN) < 300)) return false;
  return placed.every((other) => points.every((p) => !inside(other.rings, p) && edge_distance(other.rings, p) > 60));
}

// ---- departments and enterprises ----

// Their offices stand in the streets in the middle.
function department_units(random, streets) {
  const homes = streets.flatMap((street) => street.children).filter((c) => distance([c.unit.lon, c.unit.lat], ORIGIN) < 3000);
  const office = () => {
    const grid = random.pick(random.pick(homes).children);
    return [grid.unit.lon + random.whole(-150, 150), grid.unit.lat + random.whole(-150, 150)];
  };
  const unit = (code, kind, parent, name_zh, name_en, calendar) => {
    const [lon, lat] = office();
    return { code, kind, parent, name_zh: DISTRICT.short + (kind === 'department' ? '区' : '') + name_zh, name_en, lon, lat, flags: '', calendar };
  };
  return [
    ...DEPARTMENTS.map(([code, zh, en, calendar]) => unit(code, 'department', 'd1', zh, en, calendar)),
    ...ENTERPRISES.map(([code, department, zh, en]) => unit(code, 'enterprise', department, zh, en, 'always')),
  ];
}
