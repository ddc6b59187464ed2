// What the page relies on of the API: src/api/openapi.json is the running system's own document without prose, and the types are
// made from it (npm run build does). After a change of the API that a screen uses:
//
//   node dev/api.mjs http://127.0.0.1:12345     takes the document anew
//   node dev/api.mjs                            only makes the types
//
// A test (tests/system/web.test.mjs) asks the running system whether all of it still holds; what is new there does no harm.

import fs from 'node:fs';
import { fileURLToPath } from 'node:url';

const document = fileURLToPath(new URL('../src/api/openapi.json', import.meta.url));
const types = fileURLToPath(new URL('../src/api/openapi.d.ts', import.meta.url));

/** Without words, refusals and who may: shapes only. */
export function shapes(full) {
  const prose = new Set(['description', 'summary', 'tags', 'examples', 'x-roles', 'x-words', 'security', 'operationId']);
  const strip = (value) =>
    Array.isArray(value)
      ? value.map(strip)
      : value === null || typeof value !== 'object'
        ? value
        : Object.fromEntries(Object.entries(value).filter(([key]) => !prose.has(key)).map(([key, v]) => [key, strip(v)]));
  // A member of a schema may be called like a piece of prose, so schemas keep their members.
  const schema = (value) =>
    Array.isArray(value)
      ? value.map(schema)
      : value === null || typeof value !== 'object'
        ? value
        : Object.fromEntries(
            Object.entries(value)
              .filter(([key, v]) => !(prose.has(key) && (typeof v !== 'object' || Array.isArray(v) || key === 'x-words')))
              .map(([key, v]) => [key, schema(v)]),
          );
  const paths = {};
  for (const [path, methods] of Object.entries(full.paths)) {
    paths[path] = {};
    for (const [method, operation] of Object.entries(methods)) {
      if (!['get', 'post', 'delete'].includes(method)) continue;
      const responses = Object.entries(operation.responses).filter(([status]) => status < '300');
      paths[path][method] = {
        ...(operation.parameters && { parameters: operation.parameters.map((p) => ({ ...strip(p), schema: schema(p.schema) })) }),
        ...(operation.requestBody && { requestBody: schema(operation.requestBody) }),
        responses: Object.fromEntries(responses.map(([status, r]) => [status, { description: '', ...schema(r) }])),
      };
    }
  }
  const { title, version } = full.info;
  return { openapi: full.openapi, info: { title, version }, paths, components: { schemas: schema(full.components.schemas) } };
}

/** One line a path and a schema, so that a change can be read. */
function written({ openapi, info, paths, components }) {
  const lines = (object) => Object.entries(object).map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`).join(',\n');
  return `{"openapi": ${JSON.stringify(openapi)}, "info": ${JSON.stringify(info)}, "paths": {\n${lines(paths)}\n}, "components": {"schemas": {\n${lines(components.schemas)}\n}}}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const from = process.argv[2];
  if (from !== undefined) {
    const answer = await fetch(`${from}/api/openapi.json`);
    if (!answer.ok) throw new Error(`${from}: HTTP ${answer.status}`);
    fs.writeFileSync(document, written(shapes(await answer.json())));
  }
  const { default: openapiTS, astToString } = await import('openapi-typescript');
  const ast = await openapiTS(new URL('../src/api/openapi.json', import.meta.url), { propertiesRequiredByDefault: true });
  fs.writeFileSync(types, `// Made by dev/api.mjs from openapi.json; do not edit.\n\n${astToString(ast)}`);
}
