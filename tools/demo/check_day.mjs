// What must hold for the sample day before it is written, and a count of how its requests give their place.

import { demand } from './check.mjs';
import { inside } from './geometry.mjs';
import { resolve } from './places.mjs';

export function check_day(rows, { units, places, matters, dedicated, grids, map }) {
  const kinds = new Map(units.map((unit) => [unit.code, unit.kind]));
  const keys = new Set(rows.map((row) => `${row.source} ${row.external_id}`));
  demand(rows.length >= 600 && keys.size === rows.length, 'at least 600 requests with their own ids');
  demand(new Set(rows.map((row) => row.title)).size === rows.length, 'titles are unique');
  demand(new Set(rows.map((row) => row.channel)).size === 7, 'all seven channels');
  for (const row of rows) {
    demand(row.matter === '' || matters.has(row.matter), `matter ${row.matter}`);
    demand(row.grid === '' || kinds.get(row.grid) === 'grid', `grid ${row.grid}`);
    demand(row.at < 20 * 3600, `${row.time} is after 20:00`);
    demand(!/[{}]|undefined|null/.test(row.title + row.description + row.address), `slots left in ${row.title}`);
  }
  const tally = {
    point: 0,
    dedicated: 0,
    outside: 0,
    grid: 0,
    address: 0,
    both: 0,
    none: 0,
    unresolved: 0,
    no_matter: 0,
    confidential: 0,
  };
  for (const row of rows) {
    const point = row.lon === '' ? null : [Math.round(row.lon * 1e6), Math.round(row.lat * 1e6)];
    if (point && !inside(map.outline, point)) tally.outside++;
    if (point && dedicated.some((unit) => inside(unit.rings, point))) tally.dedicated++;
    if (point && row.address !== '') tally.both++;
    else if (point) tally.point++;
    else if (row.grid !== '') tally.grid++;
    else if (row.address !== '') {
      tally.address++;
      if (check_address(row, places, kinds) === null) tally.unresolved++;
    } else tally.none++;
    if (row.matter === '') tally.no_matter++;
    if (row.confidential === 'yes') tally.confidential++;
  }
  return tally;
}

// An address must lead to the grid the words came from, or to a unit above it; a vague one to nothing.
function check_address(row, places, kinds) {
  const found = resolve(places.rows, (code) => kinds.get(code), row.address);
  if (found === null || row.vague) {
    demand(found === null && row.vague, `address ${row.address} leads to ${found?.unit ?? 'nothing'}`);
    return null;
  }
  demand(
    found.unit === row.home ||
      found.unit === `c${row.home.slice(1, 4)}` ||
      found.unit === `s${row.home[1]}` ||
      row.home[0] === 'z',
    `address ${row.address} leads to ${found.unit}, not to ${row.home}`,
  );
  return found.unit;
}
