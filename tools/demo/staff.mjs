// People and how they work: the accounts of the demo, and the habits of the simulated staff who play the sample day.

// Habits by unit kind: minutes to sign, minutes to handle, and chances in per cent.
const KINDS = {
  center: {
    sign: [2, 8],
    handle: [5, 20],
    sign_late: 0,
    handle_late: 0,
    return: 0,
    extension: 0,
    pass_up: 0,
    check_fail: 0,
    unsolved: 6,
  },
  street: {
    sign: [8, 45],
    handle: [40, 240],
    sign_late: 5,
    handle_late: 6,
    return: 4,
    extension: 3,
    pass_up: 12,
    check_fail: 5,
    unsolved: 7,
  },
  community: {
    sign: [6, 40],
    handle: [30, 180],
    sign_late: 5,
    handle_late: 4,
    return: 2,
    extension: 2,
    pass_up: 14,
    check_fail: 4,
    unsolved: 6,
  },
  grid: {
    sign: [3, 25],
    handle: [15, 100],
    sign_late: 4,
    handle_late: 3,
    return: 1,
    extension: 0,
    pass_up: 16,
    check_fail: 4,
    unsolved: 5,
  },
  department: {
    sign: [12, 70],
    handle: [60, 300],
    sign_late: 7,
    handle_late: 7,
    return: 7,
    extension: 6,
    pass_up: 0,
    check_fail: 6,
    unsolved: 8,
  },
  enterprise: {
    sign: [5, 25],
    handle: [40, 200],
    sign_late: 3,
    handle_late: 4,
    return: 3,
    extension: 4,
    pass_up: 0,
    check_fail: 5,
    unsolved: 6,
  },
};

// A few units stand out, so that figures and lights show something: 1 is average, 0.4 fast, 2.5 slow.
const PACE = {
  traffic: 0.5,
  fire: 0.35,
  police: 0.5,
  emergency: 0.45,
  service: 0.4,
  housing: 1.9,
  natural: 2.3,
  industry: 1.5,
  municipal: 1.3,
  hr: 1.6,
  s3: 0.5,
  s7: 1.9,
  s1: 0.8,
};

export const STAFF_COLUMNS = [
  'unit',
  'sign_min',
  'sign_max',
  'handle_min',
  'handle_max',
  'sign_late',
  'handle_late',
  'return',
  'extension',
  'pass_up',
  'check_fail',
  'unsolved',
];

export function make_staff(random, units) {
  const row = (unit, kind, pace) => {
    const habit = KINDS[kind];
    const minutes = ([low, high]) => [Math.max(1, Math.round(low * pace)), Math.max(2, Math.round(high * pace))];
    const chance = (percent) => Math.min(40, Math.round(percent * (pace > 1 ? pace * pace : pace)));
    const [sign, handle] = [minutes(habit.sign), minutes(habit.handle)];
    const chances = Object.fromEntries(STAFF_COLUMNS.slice(5).map((name) => [name, chance(habit[name])]));
    return { unit, sign_min: sign[0], sign_max: sign[1], handle_min: handle[0], handle_max: handle[1], ...chances };
  };
  const rows = Object.keys(KINDS).map((kind) => row(`*${kind}`, kind, 1));
  for (const unit of units.filter((u) => ['street', 'community', 'department'].includes(u.kind))) {
    rows.push(row(unit.code, unit.kind, PACE[unit.code] ?? random.pick([0.5, 0.7, 0.9, 1, 1, 1.1, 1.2, 1.4, 2])));
  }
  return rows;
}

const GRID_WORKERS = 210;

// One account a unit; 210 grid workers: every dedicated grid has its own, basic grids as far as the workers reach.
export function make_people(random, { units, streets, dedicated }, example) {
  const rows = [
    { user: 'operator', role: 'operator', unit: 'center' },
    { user: 'supervisor', role: 'supervisor', unit: 'd1' },
    { user: 'admin-system', role: 'admin_system', unit: 'center' },
    { user: 'admin-security', role: 'admin_security', unit: 'center' },
    { user: 'admin-audit', role: 'admin_audit', unit: 'center' },
  ];
  for (const kind of ['street', 'community', 'department']) {
    for (const unit of units.filter((u) => u.kind === kind))
      rows.push({ user: `${kind}-${unit.code}`, role: kind, unit: unit.code });
  }
  const staffed = new Set([...dedicated.map((unit) => unit.code), example.code]);
  const queues = random
    .shuffle(streets.flatMap((street) => street.children))
    .map((community) => random.shuffle(community.children));
  for (let round = 0; staffed.size < GRID_WORKERS; round++) {
    for (const queue of queues) if (queue[round] && staffed.size < GRID_WORKERS) staffed.add(queue[round].code);
  }
  for (const unit of units.filter((u) => staffed.has(u.code)))
    rows.push({ user: `grid-${unit.code}`, role: 'grid_worker', unit: unit.code });
  return rows;
}
