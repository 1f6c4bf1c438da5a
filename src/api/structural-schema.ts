import * as z from "zod";

/** A node of a CRD's OpenAPI v3 schema, as far as we write it. */
export interface StructuralSchema {
  [key: string]: unknown;
  type?: string;
  description?: string;
  properties?: Record<string, StructuralSchema>;
  items?: StructuralSchema;
  additionalProperties?: StructuralSchema;
}

/**
 * The structural schema that apiextensions demands, out of a zod schema: every node typed, no unions, no
 * `additionalProperties` beside `properties`. What zod cannot say (list types, CEL rules, whole replaced nodes) stands in
 * `.meta()`: keys with `x-kubernetes-` pass through, `structural` replaces the node.
 */
export function structuralSchema(schema: z.ZodType): StructuralSchema {
  const json = z.toJSONSchema(schema, { target: "openapi-3.0", io: "input", unrepresentable: "throw" });
  return node(json as StructuralSchema);
}

const KEPT = new Set([
  "type",
  "description",
  "default",
  "enum",
  "format",
  "pattern",
  "minimum",
  "maximum",
  "minLength",
  "maxLength",
  "minItems",
  "maxItems",
  "maxProperties",
  "nullable",
]);

function node(json: StructuralSchema): StructuralSchema {
  if (json.structural) return json.structural as StructuralSchema;
  const out: StructuralSchema = {};
  for (const [key, value] of Object.entries(json)) {
    if (value !== "" && (KEPT.has(key) || key.startsWith("x-kubernetes-"))) out[key] = value;
  }
  if (out.type === "integer") narrowInteger(out);
  if (json.properties) {
    out.properties = Object.fromEntries(
      Object.entries(json.properties).map(([name, child]) => [name, node(child)]),
    );
    if (Array.isArray(json.required) && json.required.length > 0) out.required = json.required;
  }
  if (json.items) out.items = node(json.items);
  if (!json.properties && json.additionalProperties && typeof json.additionalProperties === "object") {
    out.additionalProperties = node(json.additionalProperties);
  }
  if (out.type === undefined && !("x-kubernetes-preserve-unknown-fields" in out)) {
    throw new Error(
      `a CRD schema needs a type at every node; this one has none: ${JSON.stringify(json).slice(0, 300)}`,
    );
  }
  return out;
}

/** zod bounds every integer by 2^53; as an unstated bound that is noise, as int64 it is what Kubernetes calls it. */
function narrowInteger(out: StructuralSchema): void {
  if (out.minimum === Number.MIN_SAFE_INTEGER) delete out.minimum;
  if (out.maximum === Number.MAX_SAFE_INTEGER) delete out.maximum;
  const small = typeof out.maximum === "number" && out.maximum <= 2_147_483_647;
  out.format = small ? "int32" : "int64";
}
