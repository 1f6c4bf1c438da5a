import { badBody, badParameter } from "./failures.ts";
import type { Release } from "./release.ts";
import { FlinkFailure, type Throwable, throwable } from "./throwable.ts";

/** The body of /jars/:jarid/run and /run-application, checked as Flink checks it: unknown fields are ignored. */
export interface RunRequest {
  readonly entryClass: string | undefined;
  readonly args: readonly string[];
  readonly jobId: string | undefined;
  readonly applicationId: string | undefined;
  /** The body's, else `parallelism.default` of its configuration, else 1; never the cluster's. */
  readonly parallelism: number;
  readonly savepointPath: string | undefined;
  readonly allowNonRestoredState: boolean;
  /** `claimMode: CLAIM`. */
  readonly claims: boolean;
  readonly configuration: Readonly<Record<string, string>>;
}

const hexId = /^[0-9a-fA-F]{32}$/;
const idExample = "fd72014d4c864993a2e5a9287b4a9c5d";
const claimModes = ["LEGACY", "CLAIM", "NO_CLAIM"];
const notClaimMode = ({ claimModeType }: Release, value: string) =>
  `Cannot deserialize value of type \`${claimModeType}\` from String "${value}": not one of the values accepted for Enum class: [${claimModes.join(", ")}]`;

const ofEveryRun =
  "entryClass programArgs programArgsList parallelism flinkConfiguration jobId allowNonRestoredState savepointPath";
/** By the type that Flink reads a body into; of releases before 1.20, where it makes a difference. */
const knownFields = {
  JarRunRequestBody: [...ofEveryRun.split(" "), "restoreMode"],
  JarRunApplicationRequestBody: [...ofEveryRun.split(" "), "claimMode", "applicationId"],
  SavepointTriggerRequestBody: ["target-directory", "cancel-job", "formatType", "triggerId"],
  StopWithSavepointRequestBody: ["targetDirectory", "drain", "formatType", "triggerId"],
  CheckpointTriggerRequestBody: ["checkpointType", "triggerId"],
  SavepointDisposalRequest: ["savepoint-path"],
  /** Vertices. */
  JobResourceRequirementsBody: undefined,
};
export type BodyType = keyof typeof knownFields;

/** Throws FlinkFailure, answered with 400, for what this release cannot read. */
export function readRunRequest(text: string, bodyType: BodyType, release: Release): RunRequest {
  const body = readJsonObject(text, bodyType, release);
  const refuse = (cause: Throwable): never => {
    throw new FlinkFailure(badBody(bodyType, cause));
  };
  const id = (field: "jobId" | "applicationId", kind: string): string | undefined => {
    const value = string(field);
    if (value === undefined || hexId.test(value)) return value?.toLowerCase();
    const message = `Cannot parse ${kind} from "${value}". The expected format is [0-9a-fA-F]{32}, e.g. ${idExample}.`;
    return refuse(mappingFailure(message, throwable("java.lang.IllegalArgumentException", message)));
  };
  const string = (field: string): string | undefined => {
    const value = body[field];
    if (value === undefined || value === null) return undefined;
    return typeof value === "object" ? refuse(mismatch(value)) : String(value);
  };
  const claimMode = (field: "claimMode" | "restoreMode"): string | undefined => {
    const value = field === "claimMode" && !release.claimMode ? undefined : string(field);
    if (value === undefined || claimModes.includes(value)) return value;
    return refuse(jackson("databind.exc.InvalidFormatException", notClaimMode(release, value)));
  };
  const configuration: Record<string, string> = {};
  for (const [key, value] of Object.entries(
    asObject(body.flinkConfiguration ?? {}) ?? refuse(mismatch("")),
  )) {
    configuration[key] = typeof value === "object" ? refuse(mismatch(value)) : String(value);
  }
  const list = body.programArgsList ?? [];
  if (!Array.isArray(list)) refuse(mismatch(list));
  const words = release.programArgs ? string("programArgs") : undefined;
  const parallelism = string("parallelism") ?? configuration["parallelism.default"] ?? "1";
  return {
    entryClass: string("entryClass"),
    args: words === undefined ? (list as unknown[]).map(String) : words.split(/\s+/).filter(Boolean),
    jobId: id("jobId", "JobID") ?? configuration["$internal.pipeline.job-id"],
    applicationId: id("applicationId", "ApplicationID"),
    parallelism: Number(parallelism),
    savepointPath: string("savepointPath") ?? configuration["execution.state-recovery.path"],
    allowNonRestoredState: body.allowNonRestoredState === true,
    claims: (claimMode("claimMode") ?? claimMode("restoreMode")) === "CLAIM",
    configuration,
  };
}

/** A JSON object, `{}` for an empty body, with the fields that this release knows. Throws FlinkFailure, answered with 400. */
export function readJsonObject(text: string, bodyType: BodyType, release: Release): Record<string, unknown> {
  if (text.trim() === "") return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new FlinkFailure(badBody(bodyType, jackson("core.JsonParseException", String(error))));
  }
  const body = asObject(value) ?? fail(badBody(bodyType, mismatch(value)));
  const strange = Object.keys(body).find((field) => knownFields[bodyType]?.includes(field) === false);
  if (strange !== undefined && release.strictBodies) {
    const message = `Unrecognized field "${strange}" (class ${bodyType}), not marked as ignorable`;
    fail(badBody(bodyType, jackson("databind.exc.UnrecognizedPropertyException", message)));
  }
  return body;
}

/** The 32 hexadecimal digits of a path or a trigger, in lower case. Throws FlinkFailure, answered with 400. */
export function readId(name: string, value: string): string {
  return hexId.test(value) ? value.toLowerCase() : fail(badParameter("path", name, value));
}

/** CANONICAL unless the body says otherwise. Throws FlinkFailure, answered with 400. */
export function readFormat(body: Record<string, unknown>, bodyType: string): "CANONICAL" | "NATIVE" {
  const value = body.formatType ?? "CANONICAL";
  if (value === "CANONICAL" || value === "NATIVE") return value;
  const message = `Cannot deserialize value of type \`org.apache.flink.core.execution.SavepointFormatType\` from String "${value}": not one of the values accepted for Enum class: [CANONICAL, NATIVE]`;
  return fail(badBody(bodyType, jackson("databind.exc.InvalidFormatException", message)));
}

/** The client's own trigger ID, if it sent one. */
export function readTriggerId(body: Record<string, unknown>, bodyType: string): string | undefined {
  const value = body.triggerId;
  if (value === undefined || value === null) return undefined;
  if (hexId.test(String(value))) return String(value).toLowerCase();
  const message = `For input string: "${String(value).slice(0, 2)}" under radix 16`;
  return fail(
    badBody(bodyType, mappingFailure(message, throwable("java.lang.NumberFormatException", message))),
  );
}

function asObject(value: unknown): Record<string, unknown> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

const jackson = (type: string, message: string, cause?: Throwable) =>
  throwable(`org.apache.flink.shaded.jackson2.com.fasterxml.jackson.${type}`, message, cause);
const mappingFailure = (message: string, cause: Throwable) =>
  jackson("databind.JsonMappingException", message, cause);
const mismatch = (value: unknown) =>
  jackson("databind.exc.MismatchedInputException", `Cannot deserialize value from ${typeof value} value`);

function fail(thrown: Throwable): never {
  throw new FlinkFailure(thrown);
}
