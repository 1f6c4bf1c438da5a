import type * as z from "zod";
import { flinkClusterSpec, flinkClusterStatus } from "../../../src/api/flinkcluster.ts";
import { flinkJobSpec } from "../../../src/api/flinkjob.ts";
import { flinkSavepointSpec, flinkSavepointStatus } from "../../../src/api/flinksavepoint.ts";
import { GROUP, VERSION } from "../../../src/api/group.ts";
import { flinkJobStatus } from "../../../src/api/status.ts";
import type { KubeObject } from "../../../src/kube/types.ts";
import { Refusal } from "./storage.ts";

interface Kind {
  readonly spec: z.ZodType;
  readonly status: z.ZodType;
}

/** What the CRDs say of spec and status; that they agree with these schemas is tested in test/property. */
const kinds: Readonly<Record<string, Kind>> = {
  flinkjobs: { spec: flinkJobSpec, status: flinkJobStatus },
  flinkclusters: { spec: flinkClusterSpec, status: flinkClusterStatus },
  flinksavepoints: { spec: flinkSavepointSpec, status: flinkSavepointStatus },
};

export interface CustomObject extends KubeObject {
  readonly spec?: unknown;
  readonly status?: unknown;
}

export const isCustom = (collection: string): boolean => collection.startsWith(`/apis/${GROUP}/${VERSION}/`);

/**
 * As it is stored when it is created: with defaults, without what the schema does not know (`strict`: that is refused), and
 * without a status.
 */
export function created(
  collection: string,
  { status: _, ...object }: CustomObject,
  strict: boolean,
): CustomObject {
  const spec = valid(kindOf(collection).spec, object.spec);
  const [dropped] = strict ? droppedOf(object.spec, spec, "spec") : [];
  if (dropped === undefined) return { ...object, spec };
  throw new Refusal(400, "BadRequest", `strict decoding error: unknown field "${dropped}"`);
}

/** Paths of the fields that are not there any more. */
function droppedOf(before: unknown, after: unknown, path: string): string[] {
  if (typeof before !== "object" || before === null) return [];
  const kept = (after ?? {}) as Record<string, unknown>;
  return Object.entries(before).flatMap(([name, value]) =>
    name in kept ? droppedOf(value, kept[name], `${path}.${name}`) : [`${path}.${name}`],
  );
}

/** What a write makes of the object that is there: to the object itself its status is no concern, and the other way round. */
export function written(
  collection: string,
  present: CustomObject,
  wanted: CustomObject,
  subresource: string,
): CustomObject {
  const kind = kindOf(collection);
  const { resourceVersion, uid } = wanted.metadata;
  // Who names them means this very object and state.
  const named = {
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
  if (subresource === "status") {
    const metadata = { ...withoutVersion(present), ...named };
    return { ...present, metadata, status: valid(kind.status, wanted.status) };
  }
  const { status } = present;
  return {
    ...wanted,
    spec: valid(kind.spec, wanted.spec),
    ...(status === undefined ? { status: undefined } : { status }),
  };
}

function withoutVersion({ metadata }: KubeObject): KubeObject["metadata"] {
  const { resourceVersion: _, ...rest } = metadata;
  return rest;
}

function kindOf(collection: string): Kind {
  const kind = kinds[collection.slice(collection.lastIndexOf("/") + 1)];
  if (kind === undefined) throw new Refusal(404, "NotFound", "no such kind");
  return kind;
}

function valid(schema: z.ZodType, value: unknown): unknown {
  const { data, error } = schema.safeParse(value);
  if (error !== undefined) throw new Refusal(422, "Invalid", error.message);
  return data;
}
