// The gazetteer: names people use in addresses, each with the unit it means, and a stock of places for the sample day.
// Rule of the file: in an address the longest pattern wins; of equally long ones the unit nearest to the ground.

import { demand } from './check.mjs';
import { edge_distance, inner_point, inside, to_metres, to_micro } from './geometry.mjs';
import { ESTATE_KINDS, STREETS, WORKS, estate_names } from './names.mjs';

const ESTATE_COUNT = 138;
const LANDMARKS = ['菜市场', '小学', '幼儿园', '文化广场', '卫生服务站', '第二小学', '早市'];
const ALIASES = {
  z01: ['火车站', '云汀站'],
  z02: ['客运站'],
  z03: ['人民医院'],
  z04: ['中医院'],
  z05: ['师范学院'],
  z06: ['实验中学'],
  z07: ['批发市场'],
  z10: ['科技园'],
};
const LEVEL = { grid: 0, community: 1, street: 2 };

// { rows: [{ pattern, unit, kind }], by_grid: Map(code -> { grid, road, numbers, estates: [], landmarks: [] }) }
export function make_places(random, { streets, grids, dedicated }) {
  const rows = [];
  const add = (pattern, unit, kind) => rows.push({ pattern, unit, kind });
  streets.forEach((street, i) => {
    add(`${STREETS[i]}街道`, street.code, 'street');
    add(`${STREETS[i]}大街`, street.code, 'road');
  });
  const by_grid = new Map();
  for (const community of streets.flatMap((street) => street.children)) {
    add(`${community.name}社区`, community.code, 'community');
    community.road = community.name + random.pick(['路', '街']);
    add(community.road, community.code, 'road');
    community.children.forEach((grid, i) =>
      by_grid.set(grid.code, {
        grid,
        road: community.road,
        numbers: [20 * i + 1, 20 * i + 19],
        estates: [],
        landmarks: [],
      }),
    );
  }
  add_estates(random, streets, by_grid, add);
  add_landmarks(random, streets, by_grid, add);
  add_numbers(random, by_grid, add);
  for (const unit of dedicated)
    for (const name of [unit.place, ...(ALIASES[unit.code] ?? [])]) add(name, unit.code, 'dedicated');
  demand(new Set(rows.map((row) => row.pattern)).size === rows.length, 'place patterns are unique');
  return { rows, by_grid };
}

// Two or three estates to a community, each in a grid of its own as far as they last.
function add_estates(random, streets, by_grid, add) {
  const names = estate_names(random, ESTATE_COUNT);
  const communities = streets.flatMap((street) => street.children);
  const old_works = WORKS.slice();
  names.forEach((stem, i) => {
    const community = communities[i % communities.length];
    const free = community.children.filter((grid) => by_grid.get(grid.code).estates.length === 0);
    const grid = random.pick(free.length > 0 ? free : community.children);
    const works = i % 17 === 9 && old_works.length > 0;
    const name = works
      ? old_works.pop()[0]
      : stem + random.weighted(ESTATE_KINDS.map(([kind, , weight]) => [kind, weight]));
    add(name, grid.code, 'estate');
    by_grid.get(grid.code).estates.push(name);
    if (i % 18 === 4) add_second_phase(random, community, grid, name, by_grid, add);
  });
}

// A second building phase lies in another grid: the longer name must win.
function add_second_phase(random, community, grid, name, by_grid, add) {
  const other = random.pick(community.children.filter((candidate) => candidate !== grid));
  add(`${name}二期`, other.code, 'estate');
  by_grid.get(other.code).estates.push(`${name}二期`);
}

function add_landmarks(random, streets, by_grid, add) {
  streets.forEach((street, s) =>
    street.children.forEach((community, k) => {
      if ((k + s) % 2 === 1) return;
      const grid = random.pick(community.children);
      const name = community.name + LANDMARKS[(k + 3 * s) % LANDMARKS.length];
      add(name, grid.code, 'landmark');
      by_grid.get(grid.code).landmarks.push(name);
    }),
  );
}

// Some house numbers are known; others of the same road fall back to the road, that is to the community.
function add_numbers(random, by_grid, add) {
  const quiet = [...by_grid.values()].filter((place) => place.estates.length === 0);
  for (const place of random.shuffle(quiet).slice(0, 34)) {
    const number = house_number(random, place);
    place.known_number = number;
    add(`${place.road}${number}号`, place.grid.code, 'number');
  }
}

export const house_number = (random, place) => random.whole(place.numbers[0], place.numbers[1]);

// The patterns found in an address, longest first.
export const matches = (rows, address) =>
  rows.filter((row) => address.includes(row.pattern)).sort((a, b) => b.pattern.length - a.pattern.length);

// What an address search finds, or null. The sample day is checked with it.
export function resolve(rows, kind_of, address) {
  const found = matches(rows, address);
  const longest = found.filter((row) => row.pattern.length === found[0].pattern.length);
  return longest.sort((a, b) => LEVEL[kind_of(a.unit)] - LEVEL[kind_of(b.unit)])[0] ?? null;
}

// A point in the grid, off its border and in no dedicated grid; near the given point when there is one.
export function point_in_grid(random, grid, dedicated, near = null) {
  const free = (point) => inside(grid.rings, point) && dedicated.every((unit) => !inside(unit.rings, point));
  for (let i = 0; i < 200; i++) {
    const point = near === null ? inner_point(grid.rings, random, 4) : moved(random, near, 60);
    if (point !== null && free(point) && edge_distance(grid.rings, point) > 8) return point;
  }
  return near ?? [grid.unit.lon, grid.unit.lat];
}

const moved = (random, point, metres) => {
  const [x, y] = to_metres(point);
  return to_micro([x + random.between(-metres, metres), y + random.between(-metres, metres)]);
};
