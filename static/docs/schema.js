/**
 * Reads JSON Schemas for display: references, fields, types. No DOM.
 *
 * A located schema is {schema, file, name}: where its own references start from, and, if a
 * reference led to it, the name of what it refers to.
 */

const COMBINED = ['allOf', 'anyOf', 'oneOf'];
const LARGEST_EXACT = 2 ** 53;

/** Words that the page translates, with `{name}` for `values.name`. */
const phrase = (text, values = {}) => ({ text, values });

export class Documents {
  /** @param {Record<string, any>} documents by file name */
  constructor(documents) {
    this.documents = documents;
  }

  /** Follow a reference to its end; any other schema is returned as it is. */
  locate(schema, file) {
    if (!schema.$ref) return { schema, file, name: null };
    const next = this._follow(schema, file);
    const end = this.locate(next.schema, next.file);
    return { ...end, name: end.name || next.name };
  }

  /** What a reference names, which may be another one. */
  _follow({ $ref }, file) {
    const [target, pointer] = $ref.split('#');
    const steps = pointer.split('/').slice(1).map((step) => step.replace(/~1/g, '/').replace(/~0/g, '~'));
    const schema = steps.reduce((node, step) => node[step], this.documents[target || file]);
    const isDefinition = steps.length === 2 && steps[0] === '$defs';
    return { schema, file: target || file, name: isDefinition ? steps[1] : null };
  }

  /** The fields of a schema: its own, then those of each schema that it combines. */
  fields(schema, file) {
    const at = this.locate(schema, file);
    const required = at.schema.required || [];
    const own = Object.entries(at.schema.properties || {}).map(([name, field]) => ({
      name,
      schema: field,
      file: at.file,
      isRequired: required.includes(name),
      description: this.describe(field, at.file),
    }));
    return [...own, ...(at.schema.allOf || []).flatMap((part) => this.fields(part, at.file))];
  }

  /** The alternatives among a schema's fields, such as the answers of a result: located schemas. */
  variants(schema, file) {
    const at = this.locate(schema, file);
    const own = (at.schema.anyOf || []).map((part) => this.locate(part, at.file));
    const others = (at.schema.allOf || []).flatMap((part) => this.variants(part, at.file));
    return [...own.filter((variant) => variant.schema.properties), ...others];
  }

  /** A schema's description, or the nearest one of what it refers to. */
  describe(schema, file) {
    if (schema.description || !schema.$ref) return schema.description || '';
    const next = this._follow(schema, file);
    return this.describe(next.schema, next.file);
  }

  /** The values of a schema that lists them, each with what it means; null for other schemas. */
  values(schema) {
    const listed = schema.oneOf && schema.oneOf.every((entry) => 'const' in entry);
    return listed ? schema.oneOf : null;
  }

  /** A schema's type: a list of names of types, of {name} for definitions, and of phrases. */
  type(schema, file) {
    const at = this.locate(schema, file);
    if (at.name) return [{ name: at.name }];
    return this._unnamed(at.schema, at.file);
  }

  /** The type of a definition itself, for its own section. */
  typeOfDefinition(name) {
    const schema = this.documents['schemas.json'].$defs[name];
    return this._unnamed(schema, 'schemas.json');
  }

  _unnamed(schema, file) {
    if ('const' in schema) return [JSON.stringify(schema.const)];
    if (schema.enum) return [schema.enum.map((value) => JSON.stringify(value)).join(', ')];
    const combined = COMBINED.find((keyword) => schema[keyword]);
    if (combined && !schema.properties) return this._alternatives(schema[combined], file);
    if (schema.items) return [phrase('array of '), ...this.type(schema.items, file), ...count(schema)];
    if (schema.additionalProperties) return [phrase('map of '), ...this.type(schema.additionalProperties, file)];
    const types = [schema.type || 'map'].flat().map((type) => (type === 'object' ? 'map' : type));
    return [...either(types.map((type) => [type])), ...range(schema)];
  }

  _alternatives(parts, file) {
    return either(parts.map((part) => this.type(part, file)));
  }
}

function either(types) {
  return types.flatMap((type, index) => (index ? [phrase(' or '), ...type] : type));
}

function count({ minItems: least, maxItems: most }) {
  if (least === undefined && most === undefined) return [];
  if (least === undefined) return [phrase(', at most {most} items', { most })];
  if (most === undefined) return [phrase(', at least {least} items', { least })];
  if (least === most) return [phrase(', {most} items', { most })];
  return [phrase(', {least} to {most} items', { least, most })];
}

function range({ minimum, maximum, minLength = 0, maxLength }) {
  if (maxLength !== undefined) return [phrase(', {least} to {most} characters', { least: minLength, most: maxLength })];
  if (minimum !== undefined && maximum !== undefined) return [phrase(', {least} to {most}', { least: minimum, most: large(maximum) })];
  if (minimum) return [phrase(', at least {least}', { least: minimum })];
  return [];
}

/** A bound as people write it: JavaScript has no exact numbers beyond 2^53. */
function large(number) {
  if (number < LARGEST_EXACT) return String(number);
  return `2^${Math.round(Math.log2(number))} − 1`;
}
