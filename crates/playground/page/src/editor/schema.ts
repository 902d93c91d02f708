/** Reads JSON Schema as far as completion needs it. */

export interface Schema {
  $ref?: string;
  $defs?: Record<string, Schema>;
  type?: string | string[];
  description?: string;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  items?: Schema;
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
}

/** A step of a path: the name of a field, or an entry of a list. */
export type Step = string | typeof ENTRY;
export const ENTRY: unique symbol = Symbol("an entry of a list");

/** Something that may be written at a place. */
export interface Offer {
  label: string;
  detail?: string;
  info?: string;
}

/** Gives all that a schema may mean: itself, and each alternative of it, references followed. */
function* meanings(root: Schema, schema: Schema, depth = 0): Generator<Schema> {
  // Schemas may refer to themselves.
  if (depth > 20) return;
  yield schema;
  const name = schema.$ref?.match(/^#\/\$defs\/(.+)$/)?.[1];
  const target = name === undefined ? undefined : root.$defs?.[decodeURIComponent(name)];
  if (target) yield* meanings(root, target, depth + 1);
  for (const one of [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])]) {
    yield* meanings(root, one, depth + 1);
  }
}

/** Gives the schemas of a place. */
function* at(root: Schema, schema: Schema, path: readonly Step[]): Generator<Schema> {
  const [step, ...rest] = path;
  for (const meaning of meanings(root, schema)) {
    if (step === undefined) {
      yield meaning;
      continue;
    }
    const { additionalProperties: any } = meaning;
    const next =
      step === ENTRY
        ? meaning.items
        : ((Object.hasOwn(meaning.properties ?? {}, step) ? meaning.properties?.[step] : undefined) ??
          (typeof any === "object" ? any : undefined));
    if (next) yield* at(root, next, rest);
  }
}

/** Offers the fields that an object at a place may have. */
export function fields(root: Schema, path: readonly Step[]): Offer[] {
  const offers = new Map<string, Offer>();
  for (const { properties } of at(root, root, path)) {
    for (const [label, field] of Object.entries(properties ?? {})) {
      const described = [...meanings(root, field)];
      offers.set(label, { label, ...text("detail", kind(described)), ...text("info", described.find((one) => one.description)?.description) });
    }
  }
  return [...offers.values()];
}

/** Offers the values that a place may have. */
export function values(root: Schema, path: readonly Step[]): Offer[] {
  const offers = new Map<string, Offer>();
  for (const one of at(root, root, path)) {
    const listed = [...(one.enum ?? []), ...("const" in one ? [one.const] : []), ...(one.type === "boolean" ? [true, false] : [])];
    for (const value of listed) {
      if (value === null || typeof value === "object") continue;
      const label = String(value);
      if (!offers.has(label)) offers.set(label, { label, ...text("info", "const" in one ? one.description : undefined) });
    }
  }
  return [...offers.values()];
}

/** Tells what a field holds, in a word. */
function kind(meanings: readonly Schema[]): string | undefined {
  if (meanings.some((one) => one.const !== undefined || one.enum)) return undefined;
  const types = meanings.flatMap(({ type }) => type ?? []).filter((type) => type !== "null");
  return types[0];
}

function text<Name extends string>(name: Name, value: string | undefined): Partial<Record<Name, string>> {
  return value === undefined ? {} : ({ [name]: value } as Record<Name, string>);
}
