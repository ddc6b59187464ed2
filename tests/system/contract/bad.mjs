// Bad calls, made from the document: from a good call one thing is changed at a time, and the one rule of refusals (docs/api.md) says what
// must come back. Nobody has to add anything here for a new operation; what its schema says is what is tried.
//   400  cannot be read: malformed, a member missing, unknown or of the wrong type; anything wrong with the query
//   422  can be read, but the value is not acceptable: too long, no such word, out of range
const UNKNOWN = 'no_such_member';

// What a schema takes: types, and whether it is one of some words.
function typesOf(document, schema) {
  const types = new Set();
  for (const part of document.parts(schema)) {
    for (const type of [part.type ?? []].flat()) types.add(type === 'integer' ? 'number' : type);
    for (const value of part.enum ?? ('const' in part ? [part.const] : [])) types.add(value === null ? 'null' : typeof value);
  }
  return types;
}

const OF_TYPE = { number: 17, string: 'text', boolean: true, array: [], object: {} };

function wrongType(document, schema) {
  const taken = typesOf(document, schema);
  const other = ['number', 'string', 'boolean', 'array', 'object'].find((type) => !taken.has(type));
  return taken.size && other ? OF_TYPE[other] : undefined;
}

// Values of the right type that the schema refuses: [[what, value]].
function unfitValues(document, schema) {
  return document.parts(schema).flatMap((part) => [
    ...(part.enum?.some((word) => typeof word === 'string') ? [['no such word', 'no-such-word']] : []),
    ...(part.maxLength !== undefined ? [['too long', 'x'.repeat(part.maxLength + 1)]] : []),
    ...(part.minLength > 0 ? [['too short', 'x'.repeat(part.minLength - 1)]] : []),
    ...(part.pattern ? [['not its pattern', '?? !']] : []),
    ...(part.format?.startsWith('date') ? [['no such time', 'yesterday']] : []),
    ...(part.minimum !== undefined ? [['too small', part.minimum - 1]] : []),
    ...(part.maximum !== undefined ? [['too great', part.maximum + 1]] : []),
    ...(part.maxItems !== undefined && sample(document, part.items) !== undefined
      ? [['too many', Array.from({ length: part.maxItems + 1 }, (_, i) => sample(document, part.items, i))]] : []),
    ...(part.minItems > 0 ? [['too few', []]] : []),
  ]);
}

// Something that fits, for lists that are too long.
function sample(document, schema, i = 0) {
  for (const part of document.parts(schema)) {
    if (part.enum) return part.enum[i % part.enum.length];
    if (part.examples) return part.examples[0].replace(/\d{3}$/, String(i % 1000).padStart(3, '0'));
    if (part.type === 'string') return `${i + 1}`;
    if (part.type === 'integer') return i + 1;
    if (part.type === 'object') return Object.fromEntries((part.required ?? []).map((name) => [name, sample(document, part.properties[name])]));
  }
  return undefined;
}

// The bodies that one change makes of a good one: [{ what, body, pointer, status }].
export function badBodies(document, schema, good) {
  const found = [];
  const put = (what, pointer, status, body) => found.push({ what, pointer, status, body });
  walk(document, schema, good ?? {}, '', (x) => x, put);
  const wrong = wrongType(document, schema);
  if (wrong !== undefined) put('a body of another type', '', 400, wrong);
  return found;
}

// `whole` puts a changed part back into the body it is part of.
function walk(document, schema, value, at, whole, put) {
  const properties = Object.assign({}, ...document.parts(schema).map((part) => part.properties ?? {}));
  const changed = (name, to) => whole({ ...value, [name]: to });
  for (const name of document.part(schema, 'required') ?? []) {
    const { [name]: _, ...rest } = value;
    put(`without ${at}/${name}`, `${at}/${name}`, 400, whole(rest));
  }
  if (document.parts(schema).some((part) => part.additionalProperties === false)) put(`with ${at}/${UNKNOWN}`, `${at}/${UNKNOWN}`, 400, changed(UNKNOWN, 1));
  for (const [name, member] of Object.entries(properties)) {
    const pointer = `${at}/${name}`;
    const wrong = wrongType(document, member);
    if (wrong !== undefined) put(`${pointer} of another type`, pointer, 400, changed(name, wrong));
    for (const [what, unfit] of unfitValues(document, member)) put(`${pointer}: ${what}`, pointer, 422, changed(name, unfit));
    const types = typesOf(document, member);
    if (types.has('object')) walk(document, member, value[name] ?? {}, pointer, (part) => changed(name, part), put);
    const items = types.has('array') && document.part(member, 'items');
    const first = items && (value[name]?.[0] ?? sample(document, items));
    const put0 = (part) => changed(name, [part]);
    const wrongItem = items && wrongType(document, items);
    if (wrongItem !== undefined && wrongItem !== false) put(`${pointer}/0 of another type`, `${pointer}/0`, 400, put0(wrongItem));
    if (items && typesOf(document, items).has('object')) walk(document, items, first, `${pointer}/0`, put0, put);
  }
}

// Query strings with one bad parameter: [{ what, query, pointer }]; all of them 400.
export function badQueries(document, operation, good) {
  const parameters = (operation.parameters ?? []).map((p) => document.resolve(p)).filter((p) => p.in === 'query');
  const bad = parameters.flatMap((p) => [
    ...(typesOf(document, p.schema).has('number') ? [['no number', 'x']] : []),
    ...unfitValues(document, p.schema),
  ].map(([what, value]) => ({ what: `?${p.name}: ${what}`, query: { ...good, [p.name]: value }, pointer: p.name })));
  if (operation.path.startsWith('/api/')) bad.push({ what: `?${UNKNOWN}=1`, query: { ...good, [UNKNOWN]: 1 }, pointer: UNKNOWN });
  for (const p of parameters.filter((x) => x.required)) {
    const { [p.name]: _, ...rest } = good ?? {};
    bad.push({ what: `without ?${p.name}`, query: rest, pointer: p.name });
  }
  return bad;
}
