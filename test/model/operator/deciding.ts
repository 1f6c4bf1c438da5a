import type { Step } from "../../../src/core/step.ts";
import type { Version } from "../kube/api-server.ts";
import * as invariants from "../truth/invariants.ts";
import type { World } from "../world/world.ts";
import type { Operator } from "./operator.ts";
import { ownView } from "./own-clusters.ts";
import { connectingTo } from "./seen.ts";
import { dropJar } from "./submission.ts";

export const RETRY_MS = 1_000;

/** The key is taken from the queue: gather, decide. */
export function decideStep(world: World, operator: Operator): void {
  operator.queued = false;
  operator.dueAt = Number.POSITIVE_INFINITY;
  const version = operator.newest(world.api.versions);
  if (!version?.job) {
    operator.follow(0);
    dropJar(world, operator);
    operator.written = undefined;
    operator.watching = false;
    operator.url = undefined;
    operator.cluster = undefined;
    return;
  }
  operator.follow(version.uid);
  const { step, url } = world.decisions.of(operator, version.job, world.now, ownView(world, operator));
  invariants.decides(world, operator, version, step);
  if (url !== operator.url) operator.cluster = url === undefined ? undefined : connectingTo(url);
  operator.url = url;
  operator.watching = url !== undefined;
  world.note(() => `  rule ${step.rule}${step.status ? `; wants to write ${told(world, step)}` : ""}`);
  const lookBegunAt = operator.look?.jobId === step.status?.trigger?.jobId ? operator.lookBegunAt : -1;
  const first = step.status && !(world.setting.habits.sendsBeforeWriting && step.effect?.kind === "submit");
  if (first) operator.task = { stage: "write", version, step, lookBegunAt };
  else settle(world, operator, version, step, lookBegunAt);
}

function told(_world: World, { status }: Step): string {
  const { trigger } = status!;
  return trigger
    ? `trigger ${trigger.id}/${trigger.attempt} ${trigger.state} ${trigger.reason ?? ""} (${trigger.sends} sent)`
    : "a status without trigger";
}

/** What `decide` wants on record goes to the API server, and what rests on it follows. */
export function write(world: World, operator: Operator, answerLost: boolean): void {
  const { version, step, lookBegunAt } = operator.task!;
  const { api, setting } = world;
  operator.task = undefined;
  const before = api.newest.job?.status;
  const fits = api.writeStatus(version, step.status!, setting.habits.overwrites);
  if (fits) invariants.statusWritten(world, before, step);
  else world.note(() => "  conflict: somebody else was faster");
  // Two things within one millisecond are told apart by their order.
  if (fits && step.status?.trigger?.stop?.requestedAt === new Date(world.time).toISOString()) world.now++;
  if (!fits || answerLost) {
    operator.written = undefined;
    operator.requeue(world.now + (fits ? RETRY_MS : 200), world.now);
    return;
  }
  operator.written = api.newest;
  settle(world, operator, api.newest, step, lookBegunAt);
}

/** The status stands; then what goes with it (src/controller/perform.ts). */
function settle(world: World, operator: Operator, version: Version, step: Step, lookBegunAt: number): void {
  if (step.settlesFlight) {
    operator.flight = undefined;
    operator.request = 0;
  }
  const state = version.job?.status?.trigger?.state;
  if (state !== undefined && state !== "pending") dropJar(world, operator);
  if (step.effect) operator.task = { stage: "effect", version, step, lookBegunAt };
  else finish(world, operator, step, false);
}

/** The key is queued again at once, or when the step said. */
export function finish(world: World, operator: Operator, step: Step, again: boolean): void {
  operator.task = undefined;
  if (again) operator.queued = true;
  else if (step.requeueAfterMs !== undefined) operator.requeue(world.now + step.requeueAfterMs, world.now);
}
