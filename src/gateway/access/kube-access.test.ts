import Fastify from "fastify";
import { beforeEach, expect, test } from "vitest";
import type { KubeClient } from "../../kube/client.ts";
import { KubeError } from "../../kube/errors.ts";
import { FakeClock } from "../../kube/fake-clock.ts";
import { isGatewayError } from "../gateway-error.ts";
import { ClientLimits } from "../limits/client-limits.ts";
import { Visits } from "../limits/visits.ts";
import type { Intent } from "../ports.ts";
import { KubeAccess } from "./kube-access.ts";
import type { SubjectAccessReview, TokenReview, UserInfo } from "./reviews.ts";

/** What the API server knows: whose a token is, and who may what ("verb resource namespace [name]"). */
let users: Record<string, UserInfo> = {};
let rights: Record<string, string[]> = {};
let tokenAudiences: string[] | undefined;
let failure: KubeError | undefined;
let reviews: (TokenReview["spec"] | SubjectAccessReview["spec"])[] = [];
let clock = new FakeClock();

const kube = {
  create: async (_resource: unknown, { spec }: TokenReview | SubjectAccessReview) => {
    reviews.push(spec);
    if (failure) throw failure;
    if ("token" in spec) {
      const user = users[spec.token];
      if (user === undefined)
        return { status: { authenticated: false, error: `invalid bearer token ${spec.token}\nfor you` } };
      return { status: { authenticated: true, user, audiences: tokenAudiences } };
    }
    const { verb, group, resource, namespace, name } = spec.resourceAttributes;
    const wanted = [verb, `${resource}.${group}`, namespace, ...(name === undefined ? [] : [name])].join(" ");
    return { status: { allowed: rights[spec.user]?.includes(wanted) ?? false } };
  },
} as unknown as Pick<KubeClient, "create">;

async function gateway(some: { audiences?: string[] } = {}) {
  const limits = new ClientLimits({ clock, perSecond: 1, burst: 9, concurrent: 9 });
  const visits = new Visits(limits);
  const access = new KubeAccess({ kube, clock, visits, audiences: some.audiences ?? [], holdsMs: 30_000 });
  const server = Fastify();
  await server.register(visits.part);
  server.post("/", async (request, reply) => {
    try {
      return await access.authorize(request, request.body as Intent);
    } catch (error) {
      if (!isGatewayError(error)) throw error;
      return reply.code(error.status).headers(error.headers).send({ errors: error.errors });
    }
  });
  return async (token: string | undefined, intent: Intent) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const answer = await server.inject({ method: "POST", url: "/", headers, payload: intent });
    return { status: answer.statusCode, headers: answer.headers, ...answer.json() };
  };
}

beforeEach(() => {
  users = {
    t1: { username: "jane", groups: ["dev", "system:authenticated"], extra: { a: ["b"] }, uid: "7" },
  };
  rights = { jane: ["create flinkjobs.flinkjob.dev team"] };
  [tokenAudiences, failure, reviews, clock] = [undefined, undefined, [], new FakeClock()];
});
const create: Intent = { namespace: "team", verb: "create" };

test("a user with the right may; the API server hears all that it said about the user", async () => {
  const ask = await gateway();
  expect(await ask("t1", create)).toMatchObject({ status: 200, user: "jane" });
  expect(reviews).toEqual([
    { token: "t1" },
    {
      user: "jane",
      uid: "7",
      groups: ["dev", "system:authenticated"],
      extra: { a: ["b"] },
      resourceAttributes: { namespace: "team", verb: "create", group: "flinkjob.dev", resource: "flinkjobs" },
    },
  ]);
});

test.each([
  [
    { namespace: "team", verb: "delete" },
    'User "jane" may not delete flinkjobs.flinkjob.dev in the namespace "team"',
  ],
  [
    { namespace: "other", verb: "create" },
    'User "jane" may not create flinkjobs.flinkjob.dev in the namespace "other"',
  ],
  [
    { namespace: "team", verb: "create", resource: "flinkclusters" },
    'User "jane" may not create flinkclusters.flinkjob.dev in the namespace "team"',
  ],
] as [Intent, string][])("no right: %o", async (intent, message) => {
  const { status, errors } = await (await gateway())("t1", intent);
  const { verb, resource = "flinkjobs", namespace } = intent;
  expect([status, errors]).toEqual([
    403,
    [
      message,
      `A Role must allow it; see: kubectl auth can-i ${verb} ${resource}.flinkjob.dev -n ${namespace} --as jane --as-group dev`,
    ],
  ]);
});

test("a name of a user is no part of a command", async () => {
  users.t1 = { username: "jane'; rm -rf /" };
  const { errors } = await (await gateway())("t1", create);
  expect(errors[1]).toContain(`--as 'jane'\\''; rm -rf /'`);
});

test("what one user may is no answer for another", async () => {
  users.t2 = { username: "joe" };
  users.t3 = { username: "jane" };
  rights.jane = [];
  rights.joe = ["create flinkjobs.flinkjob.dev team"];
  const ask = await gateway();
  const statuses: number[] = [];
  for (const token of ["t2", "t1", "t2", "t3"]) statuses.push((await ask(token, create)).status);
  expect(statuses).toEqual([200, 403, 200, 403]);
});

test("a token of nobody", async () => {
  users.t1 = {};
  expect(await (await gateway())("t1", create)).toMatchObject({
    status: 401,
    errors: ["The API server refuses your token: it has no user"],
  });
});

test("a right to one name, and a right to all that serves for each name", async () => {
  rights.jane = ["get flinkjobs.flinkjob.dev team mine", "delete flinkjobs.flinkjob.dev team"];
  const ask = await gateway();
  const statusOf = async (verb: Intent["verb"], name: string) =>
    (await ask("t1", { namespace: "team", verb, name })).status;
  expect([await statusOf("get", "mine"), await statusOf("get", "yours")]).toEqual([200, 403]);
  reviews = [];
  expect([await statusOf("delete", "a"), await statusOf("delete", "b")]).toEqual([200, 200]);
  expect(reviews.length).toBe(1);
});

test.each([
  [
    undefined,
    'Bearer realm="flinkjob"',
    "Send a token of the Kubernetes cluster: Authorization: Bearer TOKEN",
  ],
  [
    "unknown",
    'Bearer realm="flinkjob", error="invalid_token"',
    "The API server refuses your token: invalid bearer token [token] for you",
  ],
])("no service for the token %s", async (token, challenge, message) => {
  const { status, headers, errors } = await (await gateway())(token, create);
  expect([status, headers["www-authenticate"], errors]).toEqual([401, challenge, [message]]);
});

test("a token for another audience, and an API server that knows no audiences", async () => {
  const ask = await gateway({ audiences: ["flinkjob"] });
  tokenAudiences = ["other"];
  expect(await ask("t1", create)).toMatchObject({
    status: 401,
    errors: ["The API server refuses your token: it is not meant for flinkjob"],
  });
  await clock.advance(5_000);
  tokenAudiences = undefined;
  expect((await ask("t1", create)).status).toBe(401);
  await clock.advance(5_000);
  tokenAudiences = ["flinkjob"];
  expect((await ask("t1", create)).status).toBe(200);
  expect(reviews[0]).toEqual({ token: "t1", audiences: ["flinkjob"] });
});

test("an API server that does not answer lets nobody in, and the next answer counts", async () => {
  const ask = await gateway();
  failure = new KubeError("Unreachable", "not sent");
  expect(await ask("t1", create)).toMatchObject({
    status: 503,
    headers: { "retry-after": "5" },
    errors: ["The Kubernetes API server does not tell who you are at the moment"],
  });
  failure = undefined;
  expect((await ask("t1", create)).status).toBe(200);
  failure = new KubeError("Forbidden", "may not review");
  expect(await ask("t1", { ...create, namespace: "else" })).toMatchObject({
    status: 503,
    errors: ["The Kubernetes API server does not tell what you may do at the moment"],
  });
  // What was answered before still holds.
  expect((await ask("t1", create)).status).toBe(200);
});

test("a right that is taken away ends within 30 s, one that is given begins within 5 s", async () => {
  const ask = await gateway();
  const statuses = async () => [
    (await ask("t1", create)).status,
    (await ask("t1", { namespace: "team", verb: "delete" })).status,
  ];
  expect(await statuses()).toEqual([200, 403]);
  rights.jane = ["delete flinkjobs.flinkjob.dev team"];
  await clock.advance(4_999);
  expect(await statuses()).toEqual([200, 403]);
  await clock.advance(1);
  expect(await statuses()).toEqual([200, 200]);
  await clock.advance(25_000);
  expect(await statuses()).toEqual([403, 200]);
});

test("a token that is revoked ends within 30 s, one that is new begins within 5 s", async () => {
  const ask = await gateway();
  const jane = users.t1;
  users = {};
  expect((await ask("t1", create)).status).toBe(401);
  if (jane) users = { t1: jane };
  await clock.advance(4_999);
  expect((await ask("t1", create)).status).toBe(401);
  await clock.advance(1);
  expect((await ask("t1", create)).status).toBe(200);
  users = {};
  await clock.advance(29_999);
  expect((await ask("t1", create)).status).toBe(200);
  await clock.advance(1);
  expect((await ask("t1", create)).status).toBe(401);
});

test("who has no token that anybody knows is refused by address, before the API server is asked", async () => {
  const ask = await gateway();
  const statuses = new Set<number>();
  for (let index = 0; index < 20; index++) statuses.add((await ask(`made-up-${index}`, create)).status);
  expect([...statuses]).toEqual([401, 429]);
  expect(reviews.length).toBe(9);
  // A user whom the API server was asked about before is not kept out by strangers beside them.
  await clock.advance(1_000);
  expect((await ask("t1", create)).status).toBe(200);
  expect((await ask(undefined, create)).status).toBe(401);
  expect((await ask(undefined, create)).status).toBe(429);
  expect((await ask("t1", create)).status).toBe(200);
});

test("a user has a share, whatever their tokens", async () => {
  users.t2 = { username: "jane" };
  users.t3 = { username: "joe" };
  rights.joe = rights.jane ?? [];
  const ask = await gateway();
  for (let index = 0; index < 9; index++)
    expect((await ask(index % 2 ? "t1" : "t2", create)).status).toBe(200);
  expect(await ask("t1", create)).toMatchObject({
    status: 429,
    headers: { "retry-after": "1" },
    errors: ["Too many requests: more than 1 requests a second; wait 1 s"],
  });
  expect((await ask("t3", create)).status).toBe(200);
});
