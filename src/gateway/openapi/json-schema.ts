import * as z from "zod";

export type JsonSchema = Record<string, unknown>;

/** Words of ours and of Kubernetes that mean nothing in an OpenAPI document. */
const foreign = /^(x-kubernetes-.*|structural|\$schema|~standard)$/;

/** JSON Schema (2020-12) of what the schema takes, or gives. */
export function jsonSchema(schema: z.ZodType, io: "input" | "output"): JsonSchema {
  return cleaned(z.toJSONSchema(schema, { io, unrepresentable: "throw" })) as JsonSchema;
}

function cleaned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(cleaned);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(([key]) => !foreign.test(key));
  return Object.fromEntries(kept.map(([key, member]) => [key, cleaned(member)]));
}
