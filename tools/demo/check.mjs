// What must hold for the generated district before a file is written: the check that the tiling is one.

import { edge_distance, inside, ORIGIN, ring_area2, ring_is_simple } from './geometry.mjs';

export function demand(condition, message) {
  if (!condition) throw new Error(`the generated data are wrong: ${message}`);
}

const area2 = (rings) => rings.reduce((sum, ring) => sum + ring_area2(ring), 0);

export function check_map({ map, streets, grids, dedicated }, random) {
  demand(grids.length === 315, `${grids.length} basic grids`);
  demand(dedicated.length === 12, `${dedicated.length} dedicated grids`);
  demand(map.outline.length === 1, 'the district has one outline');
  for (const grid of [...grids, ...dedicated])
    demand(grid.rings.every(ring_is_simple), `${grid.code} crosses itself`);
  demand(
    grids.reduce((sum, grid) => sum + area2(grid.rings), 0) === area2(map.outline),
    'areas of grids and district differ',
  );
  for (const street of streets) {
    for (const area of [street, ...street.children]) {
      const below = area.children.flatMap((child) => child.children ?? child);
      demand(
        below.reduce((sum, grid) => sum + area2(grid.rings), 0) === area2(area.rings),
        `${area.code} is not the union of its grids`,
      );
    }
  }
  demand(
    grids.some((grid) => grid.rings.some((ring) => ring_area2(ring) < 0)),
    'a grid with a hole is wanted',
  );
  check_random_points(map, grids, random);
  check_dedicated(grids, dedicated);
  const at = grids.filter((grid) => inside(grid.rings, ORIGIN));
  demand(
    at.length === 1 && edge_distance(at[0].rings, ORIGIN) > 100,
    'the example point lies well inside one basic grid',
  );
  demand(
    dedicated.every((grid) => !inside(grid.rings, ORIGIN)),
    'the example point lies in no dedicated grid',
  );
  return at[0];
}

function check_random_points(map, grids, random) {
  const span = (values) => [Math.min(...values), Math.max(...values)];
  const boxes = grids.map((grid) => [0, 1].map((k) => span(grid.rings.flat().map((vertex) => vertex[k]))));
  for (let i = 0; i < 20000; i++) {
    const point = [random.between(123700000, 123820000), random.between(41280000, 41380000)];
    const hits = grids.filter(
      (grid, k) =>
        boxes[k].every(([low, high], d) => point[d] >= low && point[d] <= high) && inside(grid.rings, point),
    );
    demand(hits.length === (inside(map.outline, point) ? 1 : 0), `${hits.length} grids at ${point}`);
  }
}

function check_dedicated(grids, dedicated) {
  for (const unit of dedicated) {
    for (const ring of unit.rings) {
      for (const vertex of ring) {
        demand(inside(unit.community.rings, vertex), `${unit.code} leaves its community`);
        const hosts = grids.filter((grid) => inside(grid.rings, vertex));
        demand(
          hosts.length === 1 && hosts[0].community === unit.community,
          `${unit.code} lies in a basic grid of another community`,
        );
      }
    }
  }
}

export function check_units(units) {
  const codes = new Set(units.map((unit) => unit.code));
  demand(codes.size === units.length, 'unit codes are unique');
  for (const unit of units) {
    demand(/^[a-z0-9-]{1,16}$/.test(unit.code), `code ${unit.code}`);
    demand(unit.parent === '' || codes.has(unit.parent), `${unit.code} has no parent`);
  }
  const count = (kind) => units.filter((unit) => unit.kind === kind).length;
  demand(
    count('street') === 7 && count('community') === 52 && count('grid') === 327 && count('department') === 24,
    'wrong number of units',
  );
  for (const kind of ['community', 'street', 'department', 'grid']) {
    const names = units.filter((unit) => unit.kind === kind).map((unit) => unit.name_zh);
    demand(new Set(names).size === names.length, `names of kind ${kind} are unique`);
  }
}

export function check_matters(matters, units) {
  const departments = new Set(units.filter((unit) => unit.kind === 'department').map((unit) => unit.code));
  demand(matters.size >= 150, 'at least 150 matters');
  for (const matter of matters.values()) {
    demand(/^\d{6}$/.test(matter.code), `matter code ${matter.code}`);
    const assists = matter.assist === '' ? [] : matter.assist.split(';');
    for (const code of [matter.lead, ...assists])
      demand(departments.has(code), `matter ${matter.code}: no department ${code}`);
    demand(!assists.includes(matter.lead), `matter ${matter.code}: the lead assists itself`);
    demand(
      ['grid', 'community', 'street', 'department'].includes(matter.start),
      `matter ${matter.code}: start ${matter.start}`,
    );
    for (const stage of ['sign', 'contact', 'handle', 'check'])
      demand(/^(|-|\d+[wn][mhd])$/.test(matter[`${stage}_limit`]), `matter ${matter.code}: ${stage}_limit`);
    demand(
      ['danger', 'urgent', 'normal', 'complex'].includes(matter.urgency),
      `matter ${matter.code}: urgency ${matter.urgency}`,
    );
  }
  const lamps = matters.get('020305');
  demand(lamps.start === 'department' && lamps.name_zh === '路灯不亮', '020305 is street lamps');
}

// Every matter finds an answer by the longest prefix in answers.csv.
export function check_answers(answers, matters) {
  for (const answer of answers) {
    demand(/^(\d\d){1,3}$/.test(answer.matter), `answer for ${answer.matter}`);
    demand(['solved', 'explained', 'planned'].includes(answer.outcome), `outcome ${answer.outcome}`);
    demand(!/\{(?!unit\}|matter\})/.test(answer.answer), `slot in ${answer.answer}`);
  }
  for (const code of matters.keys())
    demand(
      answers.some((answer) => code.startsWith(answer.matter)),
      `no answer for ${code}`,
    );
}

// What a community is given at grid or community level must be admitted there, somewhere.
export function check_admission(admission, matters) {
  for (const matter of matters.values()) {
    const low = ['grid', 'community'].includes(matter.start);
    const admitted = admission.some((row) => matter.code.startsWith(row.matter));
    demand(
      low === admitted,
      `matter ${matter.code} starts at ${matter.start} but is ${admitted ? '' : 'not '}admitted`,
    );
  }
}
