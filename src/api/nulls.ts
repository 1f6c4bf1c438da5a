import type { StructuralSchema } from "./structural-schema.ts";

/**
 * Leaves out members that are null, as the API server does before it looks at defaults and rules (`claimMode:` without a
 * value in YAML): call it on specs that come another way before they meet zod, so that both accept the same. Entries of
 * lists stay, and so does what the schema does not know.
 */
export function withoutNulls(schema: StructuralSchema, value: unknown): unknown {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items ? value.map((entry) => withoutNulls(items, entry)) : value;
  }
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).flatMap(([name, member]): [string, unknown][] => {
    const known = memberOf(schema, name);
    if (!known) return [[name, member]];
    return member === null ? [] : [[name, withoutNulls(known, member)]];
  });
  return Object.fromEntries(members);
}

function memberOf(
  { properties = {}, additionalProperties }: StructuralSchema,
  name: string,
): StructuralSchema | undefined {
  return Object.hasOwn(properties, name) ? properties[name] : additionalProperties;
}
