// What the tests know of the demo district, read from db/demo, so that they name no unit that is not there.
import fs from 'node:fs';
import path from 'node:path';

export class Demo {
  constructor(root) {
    this.root = root;
    this.units = this.table('units.csv');
    this.matters = this.table('matters.csv');
    this.places = this.table('places.csv');
  }

  table(name) {
    const [head, ...rows] = readCsv(fs.readFileSync(path.join(this.root, 'db/demo', name), 'utf8'));
    return rows.map((row) => Object.fromEntries(head.map((column, i) => [column, row[i] ?? ''])));
  }

  parentOf(code) {
    return this.units.find((u) => u.code === code)?.parent;
  }

  departmentOf(matter) {
    const row = this.matters.find((m) => m.code === matter);
    return row.department ?? row.lead;
  }

  anotherDepartment(code) {
    return this.units.find((u) => u.kind === 'department' && u.code !== code).code;
  }

  // A matter that starts at this level, is admitted everywhere and has no peculiarities.
  matterStartingAt(level) {
    const admitted = this.table('admission.csv').filter((a) => a.community === '*').map((a) => a.matter);
    const start = (m) => m.start ?? m.start_level;
    return this.matters.find((m) => start(m) === level && (level === 'street' || admitted.some((a) => m.code.startsWith(a)))).code;
  }

  // A place name that leads to a unit of this kind.
  placeName(kind) {
    const kindOf = (code) => this.units.find((u) => u.code === code)?.kind;
    const row = this.places.find((p) => kindOf(p.unit) === kind && [...p.pattern].length >= 3);
    return [row.pattern, row.unit];
  }

  // [code, [lon, lat]] of a dedicated grid and a point inside it.
  pointInDedicatedGrid() {
    const features = JSON.parse(fs.readFileSync(path.join(this.root, 'db/demo/grids.geojson'), 'utf8')).features;
    for (const feature of features.filter((f) => /^z/.test(f.properties.code))) {
      const rings = feature.geometry.type === 'Polygon' ? feature.geometry.coordinates : feature.geometry.coordinates[0];
      const ring = rings[0];
      const middle = [0, 1].map((axis) => ring.slice(1).reduce((sum, p) => sum + p[axis], 0) / (ring.length - 1));
      if (inside(ring, middle)) return [feature.properties.code, middle];
    }
    throw new Error('no dedicated grid holds its own middle');
  }

  // Requests of the sample day, as bodies without their external id.
  sampleDay() {
    return this.table('day.csv').map((row) => ({
      source: 'hotline-12345',
      title: row.title,
      description: row.description,
      ...(row.matter ? { matter: row.matter } : {}),
      ...(row.urgency ? { urgency: row.urgency } : {}),
      location: {
        ...(row.lon ? { lon: Number(row.lon), lat: Number(row.lat) } : {}),
        ...(row.address ? { address: row.address } : {}),
        ...(row.grid ? { grid: row.grid } : {}),
      },
    }));
  }

  // The words of a set by value, from the vocabulary: { 1: 'RECEIVED', ... }.
  words(set) {
    const source = fs.readFileSync(path.join(this.root, 'proto/words.def'), 'utf8');
    const list = new RegExp(`#define ${set.toUpperCase()}_WORDS\\(W\\)([\\s\\S]*?)\\n\\n`).exec(source)[1];
    return Object.fromEntries([...list.matchAll(/W\((\d+), \w+, "([^"]+)"/g)].map((m) => [m[1], m[2]]));
  }
}

function inside(ring, [x, y]) {
  let odd = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [xi, yi] = ring[i];
    const [xj, yj] = ring[j];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) odd = !odd;
  }
  return odd;
}

function readCsv(text) {
  const rows = [[]];
  let field = '';
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quoted) {
      if (c !== '"') field += c;
      else if (text[i + 1] === '"') field += text[++i];
      else quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === ',' || c === '\n') {
      rows.at(-1).push(field.replace(/\r$/, ''));
      field = '';
      if (c === '\n') rows.push([]);
    } else field += c;
  }
  if (field) rows.at(-1).push(field);
  return rows.filter((row) => row.length > 1 && !row[0].startsWith('#'));
}
