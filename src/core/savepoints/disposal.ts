import type { FlinkSavepoint } from "../../api/objects.ts";
import { at } from "../context.ts";
import type { SavepointContext } from "./context.ts";
import { askedFor } from "./in-progress.ts";
import type { DisposalResult, SavepointVerdict } from "./observed.ts";

const POLL_MS = 300;
const LOOK_AGAIN_MS = 2_000;
const TRY_AGAIN_MS = 10_000;

/** The FlinkSavepoint is being deleted: its files go first, if that is wanted, and while somebody can delete them. */
export function disposal(ctx: SavepointContext): SavepointVerdict | undefined {
  const { deleting, held, savepoint, facts, now, cluster } = ctx;
  if (!deleting) return undefined;
  if (!held) return { rule: "deleted" };
  if (!savepoint.spec.disposeOnDelete) return letGo("filesStay");
  // The garbage collector deletes it with its FlinkJob. That nobody asked for the loss of a backup is assumed.
  if (isOrphaned(ctx)) return letGo("filesOutliveJob");
  const deadline = (at(savepoint.metadata.deletionTimestamp) ?? now) + ctx.deletionTimeoutMs;
  const { state } = facts;
  const path = facts.path ?? savepoint.spec.alreadyExists?.path;
  if (state !== "inProgress" && path === undefined) return letGo("nothingToDispose");
  if (path !== undefined && ctx.otherPaths.has(path)) return letGo("filesShared");
  if (now >= deadline) {
    const message = `${path ?? "Its savepoint"} could not be disposed of in time; the files may still be there.`;
    return {
      ...letGo("disposalTimedOut"),
      events: [{ type: "Warning", reason: "DisposalTimedOut", message }],
    };
  }
  const bounded = (verdict: SavepointVerdict): SavepointVerdict => ({
    ...verdict,
    requeueAfterMs: Math.min(verdict.requeueAfterMs ?? LOOK_AGAIN_MS, deadline - now),
  });
  // Its files are not known before it is over.
  if (state === "inProgress") return bounded(askedFor(ctx));
  if (cluster?.kind !== "reachable") {
    const why =
      cluster && "message" in cluster ? cluster.message : "No Flink cluster is known that could delete them.";
    return bounded(disposing(ctx, `The files of ${path} are to be deleted. ${why}`, LOOK_AGAIN_MS));
  }
  return bounded(dispose(ctx, path ?? "", cluster.url));
}

function letGo(rule: string): SavepointVerdict {
  return { rule, effect: { kind: "removeFinalizer" } };
}

/** It belongs to a FlinkJob that is gone, or going. */
function isOrphaned({ savepoint, job }: SavepointContext): boolean {
  const owner = ownerOf(savepoint);
  if (owner === undefined) return false;
  return job?.metadata.uid !== owner || job.metadata.deletionTimestamp !== undefined;
}

/** The uid of the FlinkJob that it belongs to. */
export function ownerOf({ metadata }: FlinkSavepoint): string | undefined {
  return metadata.ownerReferences?.find(({ kind }) => kind === "FlinkJob")?.uid;
}

function dispose(ctx: SavepointContext, path: string, url: string): SavepointVerdict {
  const { news, now } = ctx;
  const begin = (): SavepointVerdict => ({
    // After a failure its reason stands until there is better news.
    ...(ctx.facts.reason === "DisposalFailed"
      ? {}
      : disposing(ctx, `Flink deletes the files of ${path}.`, POLL_MS)),
    rule: "dispose",
    effect: { kind: "dispose", url, path },
  });
  // Flink takes no ID of ours here: asked again after a crash, it finds the files gone, and that is as good.
  if (news?.kind !== "disposal" || news.url !== url) return begin();
  const age = now - news.endedAt;
  const result: DisposalResult = news.result;
  switch (result.state) {
    case "disposed": {
      const message = `The files of ${path} are deleted.`;
      return { ...letGo("disposed"), events: [{ type: "Normal", reason: "Disposed", message }] };
    }
    case "unknown":
      return begin();
    case "failed":
      if (age < 0 || age >= TRY_AGAIN_MS) return begin();
      return {
        rule: "disposalFailed",
        status: {
          ...ctx.facts,
          reason: "DisposalFailed",
          message: `${path} could not be disposed of: ${result.message}`,
        },
        requeueAfterMs: TRY_AGAIN_MS - age,
      };
    case "inProgress":
      if (age >= 0 && age < POLL_MS)
        return disposing(ctx, `Flink deletes the files of ${path}.`, POLL_MS - age);
      return { rule: "readDisposal", effect: { kind: "readDisposal", url, requestId: result.requestId } };
  }
}

function disposing({ facts }: SavepointContext, message: string, requeueAfterMs: number): SavepointVerdict {
  return { rule: "disposing", status: { ...facts, reason: "Disposing", message }, requeueAfterMs };
}
