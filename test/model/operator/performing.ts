import type { Flight } from "../../../src/core/observed.ts";
import type { Effect, Step } from "../../../src/core/step.ts";
import { outcomes } from "../flink/outcomes.ts";
import type { Version } from "../kube/api-server.ts";
import * as invariants from "../truth/invariants.ts";
import { contentOfHash } from "../world/wishes.ts";
import type { World } from "../world/world.ts";
import { finish, RETRY_MS } from "./deciding.ts";
import { operate } from "./operating.ts";
import type { Operator } from "./operator.ts";
import { clear, deleteOwn, lookFor, make } from "./own-clusters.ts";
import { call } from "./scaling.ts";
import { flightAnswered, flightOf, readSnapshots, readTroubles } from "./seen.ts";
import { dropJar } from "./submission.ts";

/** The one effect of a step (src/controller/perform.ts). */
export function act(world: World, operator: Operator, answerLost = false): void {
  const { version, step, lookBegunAt } = operator.task!;
  const effect = step.effect!;
  if ("url" in effect) world.at(effect.url);
  switch (effect.kind) {
    case "addFinalizer":
    case "removeFinalizer":
      if (effect.kind === "removeFinalizer" && effect.clears && clear(world, version) && effect.awaits) {
        finish(world, operator, step, false);
        return;
      }
      writeFinalizer(world, operator, version, step, effect.kind === "addFinalizer");
      return;
    case "submit":
      submit(world, operator, effect, lookBegunAt);
      if (world.setting.habits.sendsBeforeWriting && step.status && version === operator.task?.version) {
        operator.task = { stage: "write", version, step: { ...step, effect: undefined }, lookBegunAt: -1 };
        return;
      }
      finish(world, operator, step, true);
      return;
    case "lookUp":
      operator.task = { stage: "lookForMains", version, step, lookBegunAt: -1 };
      return;
    case "cancelJob":
    case "cancelApplication":
      if (!world.manager.up) {
        operator.task = undefined;
        operator.requeue(world.now + RETRY_MS, world.now);
        return;
      }
      if (effect.kind === "cancelJob") world.manager.cancelJob(effect.jobId, world.now);
      else world.manager.cancelApplication(effect.jobId, world.now);
      break;
    case "makeCluster":
      make(world, operator, version, effect.cluster);
      return;
    case "lookForCluster":
      finish(world, operator, step, lookFor(world, operator, version, effect.name));
      return;
    case "deleteCluster":
      deleteOwn(world, version, effect.name, effect.uid);
      break;
    case "stopWithSavepoint":
    case "readOperation":
      operate(world, operator, effect, answerLost);
      return;
    case "readRequirements":
    case "requireResources":
      call(world, operator, effect);
      return;
    case "readSnapshots":
      operator.task = undefined;
      if (!world.manager.up) operator.requeue(world.now + RETRY_MS, world.now);
      else {
        operator.snapshots = readSnapshots(world, effect.jobId, effect.incarnation);
        operator.queued = true;
      }
      return;
    case "readTroubles":
      operator.task = undefined;
      if (!world.manager.up) operator.requeue(world.now + RETRY_MS, world.now);
      else {
        operator.troubles = readTroubles(world, effect.jobId);
        operator.queued = true;
      }
      return;
    case "abandonFlight":
      abandon(world, operator);
      break;
    case "deleteFlinkJob":
      if (world.api.newest === version) world.api.delete(world.time);
      break;
  }
  finish(world, operator, step, false);
}

function writeFinalizer(
  world: World,
  operator: Operator,
  version: Version,
  step: Step,
  finalizer: boolean,
): void {
  if (!finalizer) invariants.letsGo(world, version, step);
  const fits = world.api.writeFinalizer(version, finalizer);
  if (fits && !finalizer) dropJar(world, operator);
  operator.written = fits ? world.api.newest : undefined;
  finish(world, operator, step, fits && finalizer);
  if (!fits) operator.requeue(world.now + 200, world.now);
}

function submit(
  world: World,
  operator: Operator,
  effect: Extract<Effect, { kind: "submit" }>,
  lookBegunAt: number,
): void {
  invariants.submits(world, operator.task!.version, effect.jobId, lookBegunAt);
  operator.look = undefined;
  operator.lookBegunAt = -1;
  const { step, version } = operator.task!;
  operator.content = contentOfHash((step.status ?? version.job!.status)?.trigger?.runHash ?? "");
  operator.from = effect.request.savepointPath;
  operator.to = effect.url;
  operator.incarnation = Number(effect.incarnation.slice(1));
  const { jobId, sentAt, earlierSentAt } = effect;
  operator.flight = flightOf({ jobId, phase: "fetchingJar", since: world.time, sentAt, earlierSentAt });
  operator.request = 0;
}

function abandon(world: World, operator: Operator): void {
  const { flight } = operator;
  if (flight?.phase !== "fetchingJar") return;
  operator.flight = flightAnswered(flight as Flight, world.now, outcomes.refused);
  operator.queued = true;
}
