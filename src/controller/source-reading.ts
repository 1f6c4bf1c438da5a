import type { ConfigurationFrom, ConfigurationSource } from "../api/configuration-from.ts";
import { CONFIGURATION_LABEL } from "../api/group.ts";
import type { Reason } from "../api/reasons.ts";
import { Confidential } from "../core/configuration/confidential.ts";
import type { SourcedOption } from "../core/configuration/layers.ts";
import type { KubeClient } from "../kube/client.ts";
import { isKubeError } from "../kube/errors.ts";
import { configMaps, type DataObject, secrets } from "../kube/resources.ts";

/** As long as a value of spec.flinkConfiguration may be. Characters. */
const LONGEST_VALUE = 4_096;
/** As many options as spec.flinkConfiguration may have. */
const MOST_OPTIONS = 256;

/** Why what spec.flinkConfigurationFrom names cannot be used. No message tells a value. */
export class SourceProblem extends Error {
  override readonly name = "SourceProblem";
  readonly reason: Reason;

  constructor(reason: Reason, message: string) {
    super(message);
    this.reason = reason;
  }
}

type Reader = Pick<KubeClient, "get">;

interface Reference {
  readonly kind: "Secret" | "ConfigMap";
  readonly name: string;
  /** Undefined: the whole object. */
  readonly key: string | undefined;
  readonly option: string | undefined;
  readonly optional: boolean;
}

/** The options of the list, in its order. Each object is read once. Throws SourceProblem, and KubeError for anything else. */
export async function readSources(
  kube: Reader,
  namespace: string,
  from: ConfigurationFrom,
  signal: AbortSignal,
): Promise<SourcedOption[]> {
  const objects = new Map<string, DataObject | undefined>();
  const options: SourcedOption[] = [];
  for (const [entry, source] of from.entries()) {
    const reference = referenceOf(source);
    const { kind, name } = reference;
    const known = `${kind}/${name}`;
    if (!objects.has(known)) objects.set(known, await readObject(kube, namespace, kind, name, signal));
    const object = objects.get(known);
    if (!object) {
      if (reference.optional) continue;
      throw new SourceProblem(
        "ConfigurationSourceNotFound",
        `There is no ${kind} "${name}" in namespace ${namespace} (spec.flinkConfigurationFrom[${entry}]).`,
      );
    }
    options.push(...optionsOf(object, reference, entry));
  }
  if (options.length > MOST_OPTIONS) {
    const message = `spec.flinkConfigurationFrom brings ${options.length} options; at most ${MOST_OPTIONS} are taken.`;
    throw new SourceProblem("ConfigurationSourceInvalid", message);
  }
  return options;
}

function referenceOf({ option, valueFrom = {}, secretRef, configMapRef }: ConfigurationSource): Reference {
  const { secretKeyRef, configMapKeyRef } = valueFrom;
  const secret = secretKeyRef ?? secretRef;
  const ref: { name: string; key?: string; optional?: boolean | undefined } = secret ??
    configMapKeyRef ??
    configMapRef ?? { name: "" };
  const { name, key, optional = false } = ref;
  return { kind: secret ? "Secret" : "ConfigMap", name, key, option, optional };
}

/** Undefined: there is none. */
async function readObject(
  kube: Reader,
  namespace: string,
  kind: Reference["kind"],
  name: string,
  signal: AbortSignal,
): Promise<DataObject | undefined> {
  const resource = kind === "Secret" ? secrets : configMaps;
  try {
    const object = await kube.get(resource, { namespace, name }, { signal });
    if (object.metadata.labels?.[CONFIGURATION_LABEL] !== "true") throw notLabelled(kind, namespace, name);
    return object;
  } catch (error) {
    if (isKubeError(error, "NotFound")) return undefined;
    if (isKubeError(error, "Forbidden")) throw forbidden(error.message, resource.plural, namespace, name);
    throw error;
  }
}

function notLabelled(kind: string, namespace: string, name: string): SourceProblem {
  const label = `kubectl -n ${namespace} label ${kind.toLowerCase()} ${name} ${CONFIGURATION_LABEL}=true`;
  return new SourceProblem(
    "ConfigurationSourceNotLabelled",
    `${kind} "${name}" is not for FlinkJobs: whoever may create one here could send its values to a cluster of his own. If they may have them: ${label}`,
  );
}

/** With the commands that grant it, to the very account that was refused. */
function forbidden(refusal: string, plural: string, namespace: string, name: string): SourceProblem {
  const user = /User "([^"]{1,300})"/.exec(refusal)?.[1];
  const account = user?.match(/^system:serviceaccount:([^:]+:[^:]+)$/)?.[1];
  const subject = account !== undefined ? `--serviceaccount=${account}` : `--user=${user ?? "OPERATOR"}`;
  const role = `flinkjob-${plural}-${name}`.slice(0, 253);
  const grant = `kubectl -n ${namespace} create role ${role} --verb=get --resource=${plural} --resource-name=${name} && kubectl -n ${namespace} create rolebinding ${role} --role=${role} ${subject}`;
  const what = plural === "secrets" ? "Secret" : "ConfigMap";
  return new SourceProblem(
    "ConfigurationSourceForbidden",
    `The operator has no right to read ${what} "${name}". To grant it: ${grant}`,
  );
}

/** All values of the object, or the one that is meant. */
function optionsOf(object: DataObject, reference: Reference, entry: number): SourcedOption[] {
  const { kind, key, option } = reference;
  const isSecret = kind === "Secret";
  const data = object.data ?? {};
  if (key === undefined)
    return Object.entries(data).map(([name, raw]) => {
      return { key: name, value: textOf(raw, name, reference), entry, isSecret };
    });
  const raw = Object.hasOwn(data, key) ? data[key] : undefined;
  if (raw === undefined) {
    if (reference.optional) return [];
    const message = `${kind} "${reference.name}" has no key "${key}" (spec.flinkConfigurationFrom[${entry}]).`;
    throw new SourceProblem("ConfigurationSourceNotFound", message);
  }
  return [{ key: option ?? key, value: textOf(raw, key, reference), entry, isSecret }];
}

function textOf(raw: string, key: string, { kind, name }: Reference): Confidential {
  const text = kind === "Secret" ? decoded(raw) : raw;
  if (text !== undefined && text.length <= LONGEST_VALUE) return new Confidential(text);
  const fault = text === undefined ? "is no text (UTF-8)" : `is longer than ${LONGEST_VALUE} characters`;
  throw new SourceProblem(
    "ConfigurationSourceInvalid",
    `The value of "${key}" in ${kind} "${name}" ${fault}.`,
  );
}

function decoded(base64: string): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(base64, "base64"));
  } catch {
    return undefined;
  }
}
