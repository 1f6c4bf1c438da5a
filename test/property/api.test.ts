import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type * as z from "zod";
import { flinkClusterSpec } from "../../src/api/flinkcluster.ts";
import { flinkJobSpec } from "../../src/api/flinkjob.ts";
import { flinkSavepointSpec } from "../../src/api/flinksavepoint.ts";
import { withoutNulls } from "../../src/api/nulls.ts";
import { structuralSchema } from "../../src/api/structural-schema.ts";
import { KubeClient } from "../../src/kube/client.ts";
import { isKubeError } from "../../src/kube/errors.ts";
import { flinkClusters, flinkJobs, flinkSavepoints } from "../../src/kube/resources.ts";
import { Transport } from "../../src/kube/transport.ts";
import type { KubeObject, Resource } from "../../src/kube/types.ts";
import { kubeTarget } from "../support/kube-target.ts";
import { specs } from "./spec-arbitrary.ts";

interface WithSpec extends KubeObject {
  spec: unknown;
}

type Verdict = { accepted: true } | { accepted: false; message: string };

let transport: Transport;
let client: KubeClient;

beforeAll(async () => {
  transport = new Transport(await kubeTarget());
  client = new KubeClient(transport);
});

afterAll(() => transport.close());

/** What the API server says of a spec; it stores nothing. */
async function askServer(resource: Resource<KubeObject>, spec: unknown): Promise<Verdict> {
  const object: WithSpec = { metadata: { name: "property", namespace: "default" }, spec };
  try {
    await client.create(resource as Resource<WithSpec>, object, { dryRun: true });
    return { accepted: true };
  } catch (error) {
    if (isKubeError(error, "Invalid", "BadRequest")) return { accepted: false, message: error.message };
    throw error;
  }
}

function askSchema(schema: z.ZodType, spec: unknown): Verdict {
  const { error } = schema.safeParse(withoutNulls(structuralSchema(schema), spec));
  if (error === undefined) return { accepted: true };
  const message = error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ");
  return { accepted: false, message };
}

const say = (verdict: Verdict) => (verdict.accepted ? "accepts it" : `refuses it: ${verdict.message}`);

async function compare(resource: Resource<KubeObject>, schema: z.ZodType, spec: unknown): Promise<boolean> {
  const here = askSchema(schema, spec);
  const there = await askServer(resource, spec);
  if (here.accepted !== there.accepted) {
    const text = JSON.stringify(spec);
    throw new Error(`${resource.kind} spec ${text}\n  zod ${say(here)}\n  the API server ${say(there)}`);
  }
  return here.accepted;
}

const kinds = [
  {
    name: "FlinkJob",
    resource: flinkJobs as unknown as Resource<KubeObject>,
    schema: flinkJobSpec,
    runs: 400,
  },
  {
    name: "FlinkCluster",
    resource: flinkClusters as unknown as Resource<KubeObject>,
    schema: flinkClusterSpec,
    // About a third are accepted: with fewer of them, chance alone would sometimes fall below a fifth.
    runs: 240,
  },
  {
    name: "FlinkSavepoint",
    resource: flinkSavepoints as unknown as Resource<KubeObject>,
    schema: flinkSavepointSpec,
    // As above: 24 of 120 happened.
    runs: 240,
  },
];
// The second seed is another one each time; a failure prints it, and this variable brings it back.
const ownSeed = Number(process.env.FLINKJOB_TEST_SEED ?? Date.now() % 2 ** 31);

describe.each(kinds)("specs of a $name", ({ resource, schema, runs }) => {
  test.each([20_170_403, ownSeed])(
    "are accepted or refused alike by zod and a real API server (seed %d)",
    async (seed) => {
      const tally = { accepted: 0, refused: 0 };
      const property = fc.asyncProperty(specs(structuralSchema(schema)), async (spec) => {
        tally[(await compare(resource, schema, spec)) ? "accepted" : "refused"]++;
      });
      await fc.assert(property, { seed, numRuns: runs });
      // Agreement says little when nearly everything is refused, or nearly nothing.
      expect(tally.accepted).toBeGreaterThan(runs / 5);
      expect(tally.refused).toBeGreaterThan(runs / 5);
    },
  );
});
