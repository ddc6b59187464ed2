// The OpenAPI document as the contract test reads it: its operations, and whether an answer is what it says: a status that is named, the
// right content type, a body that fits its schema (schemas.mjs). Not for calling: ask.mjs.
import { createRequire } from 'node:module';

import { Schemas, short } from './schemas.mjs';

const require = createRequire(import.meta.url);
const Ajv = require('ajv/dist/2020.js').default;
const formats = require('ajv-formats').default;

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
const typeOf = (answer) => (answer.headers.get('content-type') ?? '').split(';')[0];

export class Document extends Schemas {
  constructor(json) {
    super(json, Ajv, formats);
    this.operations = Object.entries(json.paths).flatMap(([path, item]) =>
      METHODS.filter((method) => item[method]).map((method) => ({ ...item[method], id: item[method].operationId, method, path })));
  }

  // [media type, schema] of the body an operation takes; [null] when it takes none.
  bodyOf(operation) {
    const [type, said] = Object.entries(this.resolve(operation.requestBody)?.content ?? {})[0] ?? [null];
    return [type, said?.schema];
  }

  // What is wrong with an answer, in a sentence; null when it is as described.
  fault(operation, answer) {
    if (answer.status >= 500 && answer.status !== 503) return `answers ${answer.status}: ${short(answer.text)}`;
    const said = this.resolve(operation.responses[answer.status]);
    if (!said) return `answers ${answer.status}, which is not among ${Object.keys(operation.responses)}: ${short(answer.text)}`;
    if (!said.content) return answer.text === '' ? null : `answers ${answer.status} with a body, which is not described: ${short(answer.text)}`;
    const shape = said.content[typeOf(answer)] ?? said.content['*/*'];
    if (!shape) return `answers ${answer.status} as ${typeOf(answer)}, which is not among ${Object.keys(said.content)}`;
    if (!answer.headers.get('traceparent')) return `answers ${answer.status} without traceparent`;
    if ([429, 503].includes(answer.status) && !answer.headers.get('retry-after')) return `answers ${answer.status} without Retry-After`;
    return shape.schema && answer.body !== null ? this.unfit(shape.schema, answer.body) : null;
  }

  // Texts of a body that may be as long as they like, as pointers.
  endless(schema, at) {
    if (!schema) return [];
    const parts = this.parts(schema);
    const ends = parts.some((part) => ['maxLength', 'enum', 'const', 'pattern', 'format', 'contentMediaType'].some((key) => key in part));
    const isText = parts.some((part) => [part.type].flat().includes('string'));
    const members = Object.entries(Object.assign({}, ...parts.map((part) => part.properties ?? {})));
    const items = this.part(schema, 'items');
    return [...(isText && !ends ? [at] : []), ...members.flatMap(([name, member]) => this.endless(member, `${at}/${name}`)), ...(items ? this.endless(items, `${at}/0`) : [])];
  }
}

export { short };
