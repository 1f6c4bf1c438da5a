import { describe, expect, test } from "vitest";
import type { ConfigurationFrom } from "../api/configuration-from.ts";
import { KubeError } from "../kube/errors.ts";
import { readSources, SourceProblem } from "./source-reading.ts";

const labels = { "flinkjob.dev/configuration": "true" };
const base64 = (text: string | Buffer) => Buffer.from(text).toString("base64");
const account = "system:serviceaccount:flinkjob-system:flinkjob-operator";

/** An API server with these objects, by `plural/name`; an error is thrown. */
async function read(from: ConfigurationFrom, objects: Record<string, unknown>) {
  const requests: string[] = [];
  const get = async (
    { plural }: { plural: string },
    { name, namespace }: { name: string; namespace?: string },
  ) => {
    requests.push(`${namespace}/${plural}/${name}`);
    const object = objects[`${plural}/${name}`];
    if (object instanceof Error) throw object;
    if (object === undefined) throw new KubeError("NotFound", `${plural} "${name}" not found`);
    return object;
  };
  const kube = { get } as unknown as Parameters<typeof readSources>[0];
  const options = await readSources(kube, "shop", from, AbortSignal.any([])).catch((error: unknown) => {
    if (!(error instanceof SourceProblem)) throw error;
    return { reason: error.reason, message: error.message };
  });
  const shown = Array.isArray(options)
    ? options.map(({ key, value, entry, isSecret }) => [key, value.reveal(), entry, isSecret])
    : options;
  return { shown, requests };
}

const s3 = {
  metadata: { labels },
  data: { "s3.secret-key": base64("hunter2"), "s3.access-key": base64("me") },
};
const defaults = { metadata: { labels }, data: { "pipeline.object-reuse": "true" } };
const secretKey = (name: string, key: string, optional?: boolean): ConfigurationFrom[number] => ({
  option: "an.option",
  valueFrom: { secretKeyRef: { name, key, ...(optional === undefined ? {} : { optional }) } },
});

describe("what the list names", () => {
  test("is read in its order, each object once", async () => {
    const from: ConfigurationFrom = [
      { configMapRef: { name: "defaults" } },
      { secretRef: { name: "s3" } },
      secretKey("s3", "s3.secret-key"),
      {
        option: "other",
        valueFrom: { configMapKeyRef: { name: "defaults", key: "pipeline.object-reuse" } },
      },
    ];
    expect(await read(from, { "configmaps/defaults": defaults, "secrets/s3": s3 })).toEqual({
      shown: [
        ["pipeline.object-reuse", "true", 0, false],
        ["s3.secret-key", "hunter2", 1, true],
        ["s3.access-key", "me", 1, true],
        ["an.option", "hunter2", 2, true],
        ["other", "true", 3, false],
      ],
      requests: ["shop/configmaps/defaults", "shop/secrets/s3"],
    });
  });

  test("may be missing where it is optional: the object, and the key", async () => {
    const from = [
      secretKey("none", "a", true),
      secretKey("s3", "none", true),
      { secretRef: { name: "none", optional: true } },
    ];
    expect((await read(from, { "secrets/s3": s3 })).shown).toEqual([]);
  });

  test("may be empty", async () => {
    expect(
      (await read([{ secretRef: { name: "s3" } }], { "secrets/s3": { metadata: { labels } } })).shown,
    ).toEqual([]);
  });
});

describe("what cannot be used is told with what to do, and without a value", () => {
  test.each<[string, ConfigurationFrom, Record<string, unknown>, { reason: string; message: string }]>([
    [
      "no such object",
      [{ configMapRef: { name: "none" } }],
      {},
      {
        reason: "ConfigurationSourceNotFound",
        message: 'There is no ConfigMap "none" in namespace shop (spec.flinkConfigurationFrom[0]).',
      },
    ],
    [
      "no such key, not even one that objects have anyway",
      [secretKey("s3", "constructor")],
      { "secrets/s3": s3 },
      {
        reason: "ConfigurationSourceNotFound",
        message: 'Secret "s3" has no key "constructor" (spec.flinkConfigurationFrom[0]).',
      },
    ],
    [
      "no label",
      [{ secretRef: { name: "s3", optional: true } }],
      { "secrets/s3": { ...s3, metadata: { labels: { "flinkjob.dev/configuration": "yes" } } } },
      {
        reason: "ConfigurationSourceNotLabelled",
        message:
          'Secret "s3" is not for FlinkJobs: whoever may create one here could send its values to a cluster of his own. ' +
          "If they may have them: kubectl -n shop label secret s3 flinkjob.dev/configuration=true",
      },
    ],
    [
      "no right, which optional does not excuse",
      [{ secretRef: { name: "s3", optional: true } }],
      {
        "secrets/s3": new KubeError(
          "Forbidden",
          `secrets "s3" is forbidden: User "${account}" cannot get resource`,
        ),
      },
      {
        reason: "ConfigurationSourceForbidden",
        message:
          'The operator has no right to read Secret "s3". To grant it: kubectl -n shop create role flinkjob-secrets-s3 ' +
          "--verb=get --resource=secrets --resource-name=s3 && kubectl -n shop create rolebinding flinkjob-secrets-s3 " +
          "--role=flinkjob-secrets-s3 --serviceaccount=flinkjob-system:flinkjob-operator",
      },
    ],
    [
      "no text",
      [secretKey("s3", "a")],
      { "secrets/s3": { metadata: { labels }, data: { a: base64(Buffer.from([0xff, 0xfe])) } } },
      {
        reason: "ConfigurationSourceInvalid",
        message: 'The value of "a" in Secret "s3" is no text (UTF-8).',
      },
    ],
    [
      "too long",
      [secretKey("s3", "a")],
      { "secrets/s3": { metadata: { labels }, data: { a: base64("x".repeat(4097)) } } },
      {
        reason: "ConfigurationSourceInvalid",
        message: 'The value of "a" in Secret "s3" is longer than 4096 characters.',
      },
    ],
    [
      "too many",
      [{ configMapRef: { name: "many" } }],
      {
        "configmaps/many": {
          metadata: { labels },
          data: Object.fromEntries(Array.from({ length: 257 }, (_, n) => [`k${n}`, ""])),
        },
      },
      {
        reason: "ConfigurationSourceInvalid",
        message: "spec.flinkConfigurationFrom brings 257 options; at most 256 are taken.",
      },
    ],
  ])("%s", async (_what, from, objects, want) => {
    expect((await read(from, objects)).shown).toEqual(want);
  });

  test("a user who is no ServiceAccount is named as such", async () => {
    const refusal = new KubeError("Forbidden", 'secrets "s3" is forbidden: User "ada" cannot get resource');
    const { shown } = await read([{ secretRef: { name: "s3" } }], { "secrets/s3": refusal });
    expect(shown).toMatchObject({ message: expect.stringMatching(/ --user=ada$/) });
  });

  test("an API server that is not there is nobody's fault here", async () => {
    const outage = new KubeError("Unreachable", "connection refused");
    await expect(read([{ secretRef: { name: "s3" } }], { "secrets/s3": outage })).rejects.toBe(outage);
  });
});
