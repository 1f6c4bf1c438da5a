import * as z from "zod";
import { exactlyOne, pattern, text, withRules } from "./text.ts";

/** Names of Secrets and ConfigMaps: DNS subdomains. */
const OBJECT_NAME_PATTERN = "^[a-z0-9]([a-z0-9.\\-]*[a-z0-9])?$";
/** What the API server takes as a key of a Secret or ConfigMap. */
const DATA_KEY_PATTERN = "^[A-Za-z0-9._\\-]+$";
/** Entries of `flinkConfigurationFrom`. */
export const MOST_SOURCES = 16;

const name = (kind: string) => pattern(253, OBJECT_NAME_PATTERN, `Name of a ${kind} in the same namespace.`);
const optional = z
  .boolean()
  .meta({ description: "Whether it may be missing; the options in it are then left out." })
  .optional();

const wholeOf = (kind: string) =>
  z
    .object({ name: name(kind), optional })
    .meta({ description: `Every entry of a ${kind}: the keys are Flink's options.` });

const keyOf = (kind: string) =>
  z
    .object({
      name: name(kind),
      key: pattern(253, DATA_KEY_PATTERN, `Key of the ${kind} that holds the value.`),
      optional,
    })
    .meta({ description: `One value out of a ${kind}.` });

const valueFrom = withRules(
  z.object({
    secretKeyRef: keyOf("Secret").optional(),
    configMapKeyRef: keyOf("ConfigMap").optional(),
  }),
  "Where the option's value stands: exactly one of secretKeyRef and configMapKeyRef.",
  [
    {
      rule: "[has(self.secretKeyRef), has(self.configMapKeyRef)].exists_one(given, given)",
      message: "spec.flinkConfigurationFrom.valueFrom needs exactly one of secretKeyRef and configMapKeyRef",
      holds: ({ secretKeyRef, configMapKeyRef }) => exactlyOne(secretKeyRef, configMapKeyRef),
    },
  ],
);

const source = withRules(
  z.object({
    option: text(253, "Key of the Flink option that valueFrom gives a value.").optional(),
    valueFrom: valueFrom.optional(),
    secretRef: wholeOf("Secret").optional(),
    configMapRef: wholeOf("ConfigMap").optional(),
  }),
  "One option with valueFrom, or a whole Secret or ConfigMap.",
  [
    {
      rule: "[has(self.valueFrom), has(self.secretRef), has(self.configMapRef)].exists_one(given, given)",
      message:
        "spec.flinkConfigurationFrom needs exactly one of valueFrom, secretRef and configMapRef in each entry",
      holds: ({ valueFrom, secretRef, configMapRef }) => exactlyOne(valueFrom, secretRef, configMapRef),
    },
    {
      rule: "has(self.option) == has(self.valueFrom)",
      message: "spec.flinkConfigurationFrom.option goes with spec.flinkConfigurationFrom.valueFrom",
      holds: ({ option, valueFrom }) => (option === undefined) === (valueFrom === undefined),
    },
  ],
);

/** Flink's options out of Secrets and ConfigMaps, as `env` and `envFrom` of a Pod name them. */
export const configurationFrom = z
  .array(source)
  .max(MOST_SOURCES)
  .meta({
    description:
      "Flink options of this job out of Secrets and ConfigMaps of the same namespace, which must bear the label " +
      'flinkjob.dev/configuration: "true". A later entry wins over an earlier one, flinkConfiguration over all. ' +
      "The values are read for each run request and told nowhere.",
    "x-kubernetes-list-type": "atomic",
  });
export type ConfigurationFrom = z.output<typeof configurationFrom>;
export type ConfigurationSource = ConfigurationFrom[number];
