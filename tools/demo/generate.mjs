#!/usr/bin/env node
// Makes the demo district of db/demo/ from a seed: node tools/demo/generate.mjs [FOLDER]
// Node 18 or later, no packages. The same seed gives the same files, byte for byte. Hand-written and only checked here:
// matters.csv, answers.csv, policies.csv and calendars/.

import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { check_map, check_units } from './check.mjs';
import { csv_text } from './csv.mjs';
import { areas_text, backdrop_text, grids_text } from './geojson.mjs';
import { degrees } from './geometry.mjs';
import { make_organisation } from './organisation.mjs';
import { make_random } from './random.mjs';

const SEED = 4;

const here = path.dirname(fileURLToPath(import.meta.url));
const folder = process.argv[2] ?? path.join(here, '../../db/demo');
const write = (name, text) => fs.writeFileSync(path.join(folder, name), text);

const organisation = make_organisation(make_random(SEED));
const example = check_map(organisation, make_random(SEED + 1));
check_units(organisation.units);

const { units, dedicated } = organisation;
const unit_rows = units.map((unit) => ({ ...unit, lon: degrees(unit.lon), lat: degrees(unit.lat) }));
write('units.csv', csv_text(['code', 'kind', 'parent', 'name_zh', 'name_en', 'lon', 'lat', 'flags', 'calendar'], unit_rows));
write('grids.geojson', grids_text([...units.filter((unit) => unit.kind === 'grid')]));
write('areas.geojson', areas_text(units.filter((unit) => ['district', 'street', 'community'].includes(unit.kind))));
write('backdrop.geojson', backdrop_text(organisation));

console.log(`units ${units.length}, dedicated grids ${dedicated.length}; the example point lies in ${example.code}`);
