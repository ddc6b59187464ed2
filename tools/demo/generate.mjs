#!/usr/bin/env node
// Makes the demo district of db/demo/ from a seed: node tools/demo/generate.mjs [FOLDER]
// Node 18 or later, no packages. The same seed gives the same files, byte for byte. Hand-written and only checked here:
// matters.csv and answers.csv; returns.csv, policies.csv and calendars/ are not looked at.

import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { make_admission } from './admission.mjs';
import { SOURCES } from './channels.mjs';
import { check_admission, check_answers, check_map, check_matters, check_units } from './check.mjs';
import { check_day } from './check_day.mjs';
import { csv_read, csv_text } from './csv.mjs';
import { make_day } from './day.mjs';
import { areas_text, backdrop_text, grids_text } from './geojson.mjs';
import { degrees } from './geometry.mjs';
import { make_organisation } from './organisation.mjs';
import { read_events, read_phrases } from './phrases.mjs';
import { make_places } from './places.mjs';
import { make_random } from './random.mjs';
import { STAFF_COLUMNS, make_people, make_staff } from './staff.mjs';

const SEED = 4;
const DAY_COLUMNS = [
  ...['time', 'source', 'external_id', 'channel', 'matter', 'title', 'description', 'urgency'],
  ...['lon', 'lat', 'address', 'grid', 'requester_phone', 'confidential'],
];

const here = path.dirname(fileURLToPath(import.meta.url));
const folder = process.argv[2] ?? path.join(here, '../../db/demo');
const write = (name, text) => fs.writeFileSync(path.join(folder, name), text);

const organisation = make_organisation(make_random(SEED));
const example = check_map(organisation, make_random(SEED + 1));
check_units(organisation.units);

const { units, dedicated } = organisation;
const unit_rows = units.map((unit) => ({ ...unit, lon: degrees(unit.lon), lat: degrees(unit.lat) }));
write(
  'units.csv',
  csv_text(['code', 'kind', 'parent', 'name_zh', 'name_en', 'lon', 'lat', 'flags', 'calendar'], unit_rows),
);
write('grids.geojson', grids_text([...units.filter((unit) => unit.kind === 'grid')]));
write('areas.geojson', areas_text(units.filter((unit) => ['district', 'street', 'community'].includes(unit.kind))));
write('backdrop.geojson', backdrop_text(organisation));

const matters = new Map(csv_read(path.join(here, '../../db/demo/matters.csv')).map((row) => [row.code, row]));
check_matters(matters, units);
const places = make_places(make_random(SEED + 2), organisation);
write('places.csv', csv_text(['pattern', 'unit', 'kind'], places.rows));
const admission = make_admission(matters, organisation);
check_admission(admission, matters);
check_answers(csv_read(path.join(here, '../../db/demo/answers.csv')), matters);
write('admission.csv', csv_text(['community', 'matter', 'note'], admission));
write('people.csv', csv_text(['user', 'role', 'unit'], make_people(make_random(SEED + 3), organisation, example)));
write('staff.csv', csv_text(STAFF_COLUMNS, make_staff(make_random(SEED + 4), units)));
write('sources.csv', csv_text(['code', 'channel', 'name_zh', 'name_en'], SOURCES));

const texts = (name) => path.join(here, 'phrases', `${name}.txt`);
const phrases = ['streets', 'homes', 'supply', 'traffic', 'market', 'people'].flatMap((name) =>
  read_phrases(texts(name)),
);
const events = read_events(texts('events'));
const day = make_day(make_random(SEED + 5), { organisation, places, matters, phrases, events });
const tally = check_day(day, { ...organisation, places, matters });
write('day.csv', csv_text(DAY_COLUMNS, day));

console.log(
  `units ${units.length}; the example point lies in ${example.code}; places ${places.rows.length}; matters ${matters.size}`,
);
console.log(`requests ${day.length}:`, JSON.stringify(tally));
