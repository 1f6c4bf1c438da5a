import { flinkClusterSpec } from "../../src/api/flinkcluster.ts";
import { flinkJobSpec } from "../../src/api/flinkjob.ts";
import { type StructuralSchema, structuralSchema } from "../../src/api/structural-schema.ts";
import { BuildError } from "./bundle.ts";

/** What src/descriptor/specs.ts says by zod's types, written out for those who do not have zod: as users write it, with its words. */
export function specTypes(): string {
  const { application: _, ...managed } = propertiesOf(structuralSchema(flinkClusterSpec), "managed");
  const session = partOf(structuralSchema(flinkClusterSpec), "managed");
  const job = structuralSchema(flinkJobSpec);
  const perJob = partOf(partOf(job, "cluster"), "perJob");
  const cluster: StructuralSchema = {
    description: "The cluster that is made for the job.",
    properties: { perJob },
    required: ["perJob"],
  };
  return [
    declaration("SessionSpec", { ...session, properties: managed }),
    declaration("PerJobSpec", { ...job, properties: { ...job.properties, cluster } }),
  ].join("\n");
}

/** An interface of a schema that has properties. */
export function declaration(name: string, schema: StructuralSchema): string {
  return `${comment(schema, "")}export interface ${name} ${typeOf(schema, "")}\n`;
}

function typeOf(schema: StructuralSchema, indent: string): string {
  const { type, properties, items, additionalProperties } = schema;
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema["x-kubernetes-int-or-string"] === true) return "number | string";
  if (properties) return membersOf(schema, properties, indent);
  if (additionalProperties) return `Readonly<Record<string, ${typeOf(additionalProperties, indent)}>>`;
  if (items) return `readonly (${typeOf(items, indent)})[]`;
  switch (type) {
    case "integer":
    case "number":
      return "number";
    case "string":
    case "boolean":
      return type;
    case "object":
      return "Readonly<Record<string, unknown>>";
    case undefined:
      // A value of a configuration, which the API server leaves to us.
      return "string | number | boolean";
    default:
      throw new BuildError(`a type ${type} has no word in TypeScript here`);
  }
}

function membersOf(
  { required }: StructuralSchema,
  properties: Readonly<Record<string, StructuralSchema>>,
  indent: string,
): string {
  const inner = `${indent}  `;
  const needed = new Set(Array.isArray(required) ? required : []);
  const members = Object.entries(properties).map(([name, schema]) => {
    const type = typeOf(schema, inner);
    const member = needed.has(name) ? `${name}: ${type}` : `${name}?: ${type} | undefined`;
    return `${comment(schema, inner)}${inner}readonly ${member};\n`;
  });
  return `{\n${members.join("")}${indent}}`;
}

function comment({ description, default: preset }: StructuralSchema, indent: string): string {
  const usual = ["string", "number", "boolean"].includes(typeof preset) ? ` Default: ${preset}.` : "";
  const text = `${description ?? ""}${usual}`.trim().replaceAll("*/", "*\\/");
  return text === "" ? "" : `${indent}/** ${text} */\n`;
}

function propertiesOf(schema: StructuralSchema, name: string): Record<string, StructuralSchema> {
  return partOf(schema, name).properties ?? {};
}

function partOf({ properties }: StructuralSchema, name: string): StructuralSchema {
  const part = properties?.[name];
  if (part === undefined) throw new BuildError(`there is no ${name} in the spec`);
  return part;
}
