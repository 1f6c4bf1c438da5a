import * as z from "zod";

/**
 * A string of at most `max` characters. Counted in code points as the API server does, not in UTF-16 units as JavaScript
 * does, so that both agree on what is too long. The bound also keeps CEL rules within the API server's cost budget.
 */
export function text(max: number, description: string) {
  return z
    .string()
    .refine((value) => value.length <= max || [...value].length <= max, {
      message: `must have at most ${max} characters`,
    })
    .meta({ description, maxLength: max });
}

/** A string of at most `max` characters that matches `pattern` (a subset of both RE2 and JavaScript syntax). */
export function pattern(max: number, expression: string, description: string) {
  const regex = new RegExp(expression, "u");
  return z
    .string()
    .refine((value) => value.length <= max && regex.test(value), {
      message: `must match ${expression} and have at most ${max} characters`,
    })
    .meta({ description, maxLength: max, pattern: expression });
}

/** A CEL rule of a CRD together with the same rule in TypeScript: one place, two enforcers, held together by a test. */
export interface Rule<T> {
  rule: string;
  message: string;
  holds: (value: T) => boolean;
}

/** Adds rules to an object schema: zod enforces `holds`, the CRD carries `rule`. */
export function withRules<S extends z.ZodObject>(
  schema: S,
  description: string,
  rules: Rule<z.output<S>>[],
): S {
  const checks = rules.map(({ holds, message }) =>
    z.refine<z.output<S>>(holds as (value: z.output<S>) => boolean, { message }),
  );
  return schema.check(...checks).meta({
    description,
    "x-kubernetes-validations": rules.map(({ rule, message }) => ({ rule, message })),
  });
}

/** True for exactly one of the values being present. */
export function exactlyOne(...values: unknown[]): boolean {
  return values.filter((value) => value !== undefined).length === 1;
}
