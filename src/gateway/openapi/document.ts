import type * as z from "zod";
import { OPERATORS_TRIGGER_ID } from "../../api/flinkjob.ts";
import {
  errorReply,
  runAsyncAccepted,
  runAsyncRequest,
  submission,
  submissionPage,
  submissionQuery,
} from "../../api/run-async.ts";
import { type JsonSchema, jsonSchema } from "./json-schema.ts";

/** What zod checks by functions, which have no JSON Schema, in its own words. Null stands for "not set". */
function runAsyncRequestSchema(): JsonSchema {
  const schema = jsonSchema(runAsyncRequest, "input");
  const properties = schema.properties as Record<string, JsonSchema>;
  const triggerId = {
    ...properties.triggerId,
    not: { type: "string", pattern: OPERATORS_TRIGGER_ID.source },
  };
  const all = Object.entries({ ...properties, triggerId }).map(([name, one]) => [name, nullable(one)]);
  return {
    ...schema,
    properties: Object.fromEntries(all),
    allOf: [notBoth("programArgs", "programArgsList"), notBoth("claimMode", "restoreMode")],
  };
}

function nullable(schema: JsonSchema): JsonSchema {
  const { enum: words, type } = schema;
  return { ...schema, type: [type, "null"], ...(Array.isArray(words) ? { enum: [...words, null] } : {}) };
}

function notBoth(...required: string[]): JsonSchema {
  const isSet = { not: { type: "null" } };
  return { not: { required, properties: Object.fromEntries(required.map((name) => [name, isSet])) } };
}

const schemas = {
  RunAsyncRequest: runAsyncRequestSchema(),
  RunAsyncAccepted: jsonSchema(runAsyncAccepted, "output"),
  Submission: jsonSchema(submission, "output"),
  SubmissionPage: {
    ...jsonSchema(submissionPage, "output"),
  },
  Errors: jsonSchema(errorReply, "output"),
};

const ref = (name: keyof typeof schemas) => ({ $ref: `#/components/schemas/${name}` });
const json = (name: keyof typeof schemas) => ({ "application/json": { schema: ref(name) } });
const refusal = (status: number) => ({ [status]: { $ref: `#/components/responses/${status}` } });
const refusals = (...statuses: number[]) => Object.assign({}, ...statuses.map(refusal)) as object;

/** What every call may answer: who are you, may you, not so fast, not now. */
const always = [401, 403, 404, 429, 503];

const meanings: Readonly<Record<number, string>> = {
  400: "The request itself is wrong; each error names the field and the way out.",
  401: "No bearer token, or one that the Kubernetes API server refuses.",
  403: "RBAC does not allow it: the verb on flinkjobs.flinkjob.dev in the namespace.",
  404: "No such FlinkCluster, or no such submission.",
  408: "The body did not come in time.",
  409: "Another request was submitted under this trigger ID before; the fields that differ are named.",
  413: "The body is larger than the gateway takes.",
  415: "Neither application/json nor multipart/form-data.",
  429: "More than this client's share; Retry-After says when.",
  502: "The JAR did not get to the cluster's JobManager.",
  503: "Not now; Retry-After says when the same request may be sent again.",
};

const namespace = parameter("namespace", "Namespace of the FlinkCluster.", { type: "string" });
const cluster = parameter("name", "Name of the FlinkCluster.", { type: "string" });
const triggerId = parameter(
  "triggerid",
  "Trigger ID of the submission.",
  (schemas.RunAsyncRequest.properties as Record<string, JsonSchema>).triggerId ?? {},
);

function parameter(name: string, description: string, schema: JsonSchema) {
  const { description: _, ...bare } = "type" in schema ? { ...schema, type: "string" } : schema;
  return { name, in: "path", required: true, description, schema: bare };
}

function queryParameters(schema: z.ZodType): object[] {
  const { properties = {} } = jsonSchema(schema, "output") as { properties?: Record<string, JsonSchema> };
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: "query",
    required: false,
    description,
    schema: rest,
  }));
}

/** Where the answer to a submission leads; which operation of the name depends on the prefix. */
const linksTo = (of: string, parameters: readonly string[]) => {
  const same = Object.fromEntries(parameters.map((name) => [name, `$request.path.${name}`]));
  const link = (name: string) => ({
    operationId: `${name}${of}`,
    parameters: { ...same, triggerid: "$response.body#/triggerId" },
  });
  return { track: link("track"), delete: link("deleteSubmission") };
};

const submit = (links: object) => ({
  summary: "Submit a job",
  description:
    "Records a submission durably and answers; the operator runs it. The JAR is named by jarId, or comes with the request as part jarfile of a form: " +
    "with part request before part jarfile, all that can be wrong is told before the JAR flows.",
  requestBody: {
    required: true,
    content: {
      "application/json": {
        schema: { ...ref("RunAsyncRequest"), required: ["jarId"], properties: { jarId: { type: "string" } } },
      },
      "multipart/form-data": {
        schema: {
          type: "object",
          properties: {
            request: ref("RunAsyncRequest"),
            // "binary" is of OpenAPI 3.0, and still what tools know a file by.
            jarfile: { type: "string", format: "binary", contentMediaType: "application/java-archive" },
          },
          required: ["request"],
          additionalProperties: false,
          // The JAR comes with the request, or is named by it.
          oneOf: [
            { required: ["jarfile"], properties: { request: { properties: { jarId: { type: "null" } } } } },
            {
              not: { required: ["jarfile"] },
              properties: { request: { required: ["jarId"], properties: { jarId: { type: "string" } } } },
            },
          ],
        },
        encoding: { request: { contentType: "application/json" } },
      },
    },
  },
  responses: {
    202: {
      description: "Recorded, now or by the same request before.",
      headers: { Location: { description: "Where to track it.", schema: { type: "string" } } },
      content: json("RunAsyncAccepted"),
      links,
    },
    ...refusals(400, 408, 409, 413, 415, 502, ...always),
  },
});

const list = {
  summary: "List submissions",
  description: "The newest first, out of a cache that may be a moment behind.",
  parameters: queryParameters(submissionQuery),
  responses: {
    200: { description: "A page.", content: json("SubmissionPage") },
    ...refusals(400, ...always),
  },
};

const track = {
  summary: "Track a submission",
  description: "Any replica tells of a submission as soon as its 202 was sent.",
  responses: {
    200: { description: "How it stands.", content: json("Submission") },
    ...refusals(400, ...always),
  },
};

const empty = { "application/json": { schema: { type: "object", additionalProperties: false } } };
const remove = {
  summary: "Delete a submission",
  description:
    "With an outcome, only the tracking information goes and the job stays. Without one, what is under way is halted, the JAR deleted, and a job that appears late is cancelled.",
  responses: {
    200: { description: "It is gone.", content: empty },
    202: { description: "What is under way is being halted; then it is gone.", content: empty },
    ...refusals(400, ...always),
  },
};

/** The paths below a prefix; operation IDs must be unique, so each prefix gives its own. */
function pathsBelow(
  prefix: string,
  of: string,
  parameters: readonly ReturnType<typeof parameter>[],
): Record<string, object> {
  const links = linksTo(
    of,
    parameters.map(({ name }) => name),
  );
  const named = (operation: object, name: string) => ({ operationId: `${name}${of}`, ...operation });
  return {
    [`${prefix}/run-async`]: {
      parameters,
      post: named(submit(links), "submit"),
      get: named(list, "listSubmissions"),
    },
    [`${prefix}/run-async/{triggerid}`]: {
      parameters: [...parameters, triggerId],
      get: named(track, "track"),
      delete: named(remove, "deleteSubmission"),
    },
  };
}

/** The gateway's own calls in OpenAPI 3.1, made from the schemas that it checks with. */
export function openApiDocument(version: string): object {
  return {
    openapi: "3.1.1",
    info: {
      title: "flinkjob gateway: asynchronous job submission",
      version,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
      description:
        "Four calls, durable and idempotent; each submission is a FlinkJob. Below /clusters/{namespace}/{name}, every other path is " +
        "passed through to that cluster's JobManager. Each path is served with /v1 before /run-async too.",
    },
    security: [{ bearer: [] }],
    paths: {
      ...pathsBelow("/clusters/{namespace}/{name}", "", [namespace, cluster]),
      ...pathsBelow("", "OfDefaultCluster", []),
    },
    components: {
      schemas,
      responses: Object.fromEntries(
        Object.entries(meanings).map(([status, description]) => [
          status,
          { description, content: json("Errors") },
        ]),
      ),
      securitySchemes: {
        bearer: {
          type: "http",
          scheme: "bearer",
          description: "A token that the Kubernetes API server knows.",
        },
      },
    },
  };
}
