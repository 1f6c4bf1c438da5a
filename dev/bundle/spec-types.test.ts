import { expect, test } from "vitest";
import * as z from "zod";
import { structuralSchema } from "../../src/api/structural-schema.ts";
import { declaration, specTypes } from "./spec-types.ts";

test("a schema becomes what a user may write, with its words", () => {
  const schema = z
    .object({
      image: z.string().meta({ description: "Ends a comment: */" }),
      replicas: z.int().default(1).meta({ description: "How many." }),
      mode: z.enum(["a", "b"]).optional(),
      quantity: z
        .union([z.string(), z.int()])
        .meta({ structural: { "x-kubernetes-int-or-string": true } })
        .optional(),
      template: z
        .record(z.string(), z.unknown())
        .meta({ structural: { type: "object", "x-kubernetes-preserve-unknown-fields": true } })
        .optional(),
      limits: z.record(z.string(), z.number()).optional(),
      secrets: z.array(z.object({ name: z.string() })).optional(),
      any: z
        .unknown()
        .meta({ structural: { "x-kubernetes-preserve-unknown-fields": true } })
        .optional(),
      on: z.boolean().optional(),
    })
    .meta({ description: "What is made." });
  expect(declaration("Spec", structuralSchema(schema))).toBe(`/** What is made. */
export interface Spec {
  /** Ends a comment: *\\/ */
  readonly image: string;
  /** How many. Default: 1. */
  readonly replicas?: number | undefined;
  readonly mode?: "a" | "b" | undefined;
  readonly quantity?: number | string | undefined;
  readonly template?: Readonly<Record<string, unknown>> | undefined;
  readonly limits?: Readonly<Record<string, number>> | undefined;
  readonly secrets?: readonly ({
    readonly name: string;
  })[] | undefined;
  readonly any?: string | number | boolean | undefined;
  readonly on?: boolean | undefined;
}
`);
});

test("a session cluster has no application, and a job only a cluster of its own", () => {
  const [session = "", job = ""] = specTypes().split("export interface PerJobSpec");
  expect(session).toMatch(/^export interface SessionSpec \{$/m);
  expect(session).not.toContain("readonly application");
  expect(job).toMatch(/^ {2}readonly cluster: \{\n.*\n {4}readonly perJob: \{$/m);
  expect(job).not.toMatch(/^ {4}readonly (name|url)\?/m);
});
