// A document whose parts are JSON Schemas (OpenAPI, AsyncAPI): whether a value fits a part of it and holds nothing that is not described
// there. What the document is about is document.mjs's and asyncapi.test.mjs's.
export class Schemas {
  // Ajv: the class for the document's dialect.
  constructor(json, Ajv, formats) {
    this.json = json;
    this.ajv = new Ajv({ strict: false, allErrors: true });
    formats(this.ajv);
    this.ajv.addSchema(json, 'doc');
    this.compiled = new Map(); // of parts that have no name of their own
  }

  resolve(part) {
    while (part?.$ref) part = part.$ref.slice(2).split('/').reduce((at, key) => at[key], this.json);
    return part;
  }

  // What is wrong with a value, in a sentence; null: nothing.
  unfit(schema, value) {
    const validate = schema.$ref ? this.ajv.getSchema(`doc${schema.$ref}`) : this.compiled.get(schema) ?? this.ajv.compile(this.within(schema));
    if (!schema.$ref) this.compiled.set(schema, validate);
    if (!validate(value)) return `does not fit its schema: ${this.ajv.errorsText(validate.errors)}: ${short(JSON.stringify(value))}`;
    const more = this.undescribed(schema, value, '');
    return more.length ? `tells what its schema does not describe: ${more.slice(0, 5).join(', ')}` : null;
  }

  // A part taken out of the document still finds the others.
  within(schema) {
    return JSON.parse(JSON.stringify(schema).replaceAll('"$ref":"#/', '"$ref":"doc#/'));
  }

  // Members of the value that the schema does not know, as pointers.
  undescribed(schema, value, at) {
    if (Array.isArray(value)) {
      const items = this.part(schema, 'items');
      return value.flatMap((item, i) => this.undescribed(Array.isArray(items) ? items[i] : items, item, `${at}/${i}`));
    }
    if (value === null || typeof value !== 'object' || !schema) return [];
    const known = this.parts(schema).map((part) => part.properties).filter(Boolean);
    if (known.length === 0) return []; // any object, or a map with a value for each name
    return Object.keys(value).flatMap((name) => {
      const described = known.map((properties) => properties[name]).filter(Boolean);
      return described.length ? this.undescribed(described.length > 1 ? { allOf: described } : described[0], value[name], `${at}/${name}`) : [`${at}/${name}`];
    });
  }

  // A schema and all it is put together from.
  parts(schema) {
    const whole = this.resolve(schema);
    return [whole, ...[...(whole.allOf ?? []), ...(whole.oneOf ?? []), ...(whole.anyOf ?? [])].flatMap((part) => this.parts(part))];
  }

  part(schema, key) {
    return schema && this.parts(schema).find((part) => part[key])?.[key];
  }
}

export const short = (text) => (text.length > 400 ? `${text.slice(0, 400)}...` : text);
