import { uidText } from "../kube/api-server.ts";
import { prefixOf } from "../operator/decisions.ts";
import { contentOf, contentOfHash, FOREIGN, versionOf } from "../world/wishes.ts";
import type { World } from "../world/world.ts";
import { judgeClusters } from "./own-cluster-invariants.ts";
import { judgeScale } from "./scaling-verdict.ts";

/** Nothing will happen any more: is it as wished, and does the status say so? */
export function judge(world: World): void {
  judgeClusters(world);
  judgeJob(world);
}

function judgeJob(world: World): void {
  const { api, ledger, setting } = world;
  const { job, uid } = api.newest;
  const prefix = prefixOf(uidText(uid));
  const followed = job?.status?.trigger;
  const mine = world.live.filter(
    ({ id }) => id.startsWith(prefix) || (id === followed?.jobId && followed.sends > 0),
  );
  const wiped = ledger.wiped > 0 ? "statusWiped" : undefined;
  const foreign = world.doubled ? "doubledRequest" : wiped;
  if (!job) {
    const left = mine[0];
    const late = ledger.letGoLate > 0 ? "deletionTimedOut" : foreign;
    if (left && setting.deletionPolicy === "Cancel")
      world.broken("outlivesItsFlinkJob", `${world.short(left.id)} runs, and its FlinkJob is gone`, late);
    return;
  }
  const trigger = job.status?.trigger;
  if (job.metadata.deletionTimestamp !== undefined) world.broken("notDeleted", "the FlinkJob is still there");
  else if (!trigger && job.spec.state !== "suspended")
    world.broken("notRecorded", "nothing is recorded of the wish");
  if (!trigger) return;
  const stranger = mine.find(({ id }) => id !== trigger.jobId);
  const unknown = () => `${world.short(stranger!.id)} runs, and the status knows nothing of it`;
  if (stranger) world.broken("strangerLives", unknown(), wiped);
  const { conditions = [], rolledBack, stable } = job.status!;
  const stalled = conditions.find(({ type, status }) => type === "Stalled" && status === "True")?.reason;
  if (job.spec.state === "suspended") {
    if (mine.length > 0)
      world.broken("runsSuspended", `${world.short(mine[0]!.id)} runs, and the FlinkJob is suspended`, wiped);
    else if (
      (trigger.state === "pending" && trigger.reason !== "OutcomeUnknown") ||
      trigger.state === "running"
    )
      world.broken(
        "saysWhatIsNot",
        `the status says ${trigger.state} (${trigger.reason}) of a suspended FlinkJob`,
      );
    return;
  }
  if (stalled === "RestorePointMissing") {
    const lost = ledger.failovers + ledger.hours + ledger.wiped > 0 || !setting.retains;
    if (!lost)
      world.broken(
        "blockedWithoutCause",
        `nothing starts, and the state of ${world.short(trigger.jobId)} is there`,
      );
    return;
  }
  const own = mine.find(({ id }) => id === trigger.jobId);
  const entry = ledger.of(trigger.jobId);
  const says = `the status says ${trigger.state} (${trigger.reason}) of ${world.short(trigger.jobId)}`;
  if (trigger.state === "pending") world.broken("stuck", `${says}, for ever`);
  else if (trigger.state === "running" && !own)
    world.broken("saysWhatIsNot", `${says}, and no such job runs`);
  else if (own && (job.status?.job?.restarts ?? 0) < ledger.restartsSeen && isUntroubled(world))
    world.broken("missesARestart", `${says}, and ${ledger.restartsSeen} restarts of it were seen`);
  else if (trigger.state === "finished" && entry?.end !== "FINISHED")
    world.broken("saysWhatIsNot", `${says}, and it ended ${entry?.end}`);
  else if (trigger.state === "failed" || trigger.state === "canceled") {
    if (own) world.broken("saysWhatIsNot", `${says}, and it runs`);
    const problem = withoutCause(world);
    if (problem) world.broken("failsWithoutCause", `${says}, and ${problem}`, wiped);
    return;
  }
  if (own) judgeScale(world, job, own);
  const content = own?.content ?? entry?.content;
  if (rolledBack) {
    const wished = versionOf(contentOf(job.spec));
    if (!isVersion(world, content, contentOfHash(stable?.runHash ?? "")))
      world.broken(
        "notAsWished",
        `${world.short(trigger.jobId)} is not the version that was stable`,
        foreign,
      );
    else if ((setting.bad === undefined || wished % 2 === 0) && setting.scales === undefined)
      world.broken("rolledBackWithoutCause", `generation ${trigger.generation} was good`);
    return;
  }
  // What was adopted was made by somebody else; what it is counts as wished.
  if (trigger.jobId === FOREIGN) return;
  const reused = job.status?.conditions?.some(({ reason }) => reason === "TriggerIdReused");
  if (!isVersion(world, content, contentOf(job.spec)) && !reused)
    world.broken("notAsWished", `${world.short(trigger.jobId)} is not what the spec asks for`, foreign);
}

/** Whether a job is what is asked for. One that may be scaled since was made with another parallelism, perhaps. */
function isVersion({ setting }: World, content: number | undefined, wanted: number): boolean {
  if (content === undefined || setting.scales === undefined) return content === wanted;
  return versionOf(content) === versionOf(wanted);
}

/** Only what one process has seen of one JobManager process adds up. */
function isUntroubled({ setting: { budget }, left }: World): boolean {
  const faults = [
    "crashes",
    "takeovers",
    "failovers",
    "wipes",
    "edits",
    "newTriggerIds",
    "unscales",
    "suspensions",
    "jobFailures",
    "hours",
  ] as const;
  return faults.every((fault) => left[fault] === budget[fault]);
}

/** What speaks against the failure that the status names; undefined: it happened. */
function withoutCause({ ledger, setting, api, left }: World): string | undefined {
  const trigger = api.newest.job!.status!.trigger!;
  const { budget, protection, mains } = setting;
  const end = ledger.of(trigger.jobId)?.end;
  const used = (...of: (keyof typeof left)[]) => of.some((name) => left[name] < budget[name]);
  const unless = (holds: boolean, truth: string) => (holds ? undefined : truth);
  switch (trigger.reason) {
    case "JobToAdoptNotFound":
      return unless(ledger.of(FOREIGN)?.end !== undefined, "the job to adopt lives");
    case "OutcomeLost":
      return unless(ledger.failovers + ledger.hours > 0 || end !== undefined, "nothing was lost");
    case "JobLost":
      return unless(
        ledger.forced > 0 ||
          used("clusterDeletions") ||
          (ledger.failovers > 0 && protection === "JobManagerLifetime"),
        "no JobManager was lost",
      );
    case "AttemptsExhausted": {
      if (mains.includes("exits")) return undefined;
      const stood = used("lostRequests", "lostAnswers", "crashes", "failovers", "takeovers");
      return unless(
        trigger.tries >= setting.maxAttempts && (stood || ledger.failovers > 0),
        "nothing stood in its way",
      );
    }
    case "SubmissionTimedOut":
      return unless(setting.timeout !== undefined, "there is no time-out");
    case "SavepointLost":
      return unless(ledger.failovers + ledger.hours > 0, "nothing was lost");
    case "MainFailed":
      return unless(
        setting.bad === "throws" || mains.includes("throws") || mains.includes("submitsThenThrows"),
        "main() is sound",
      );
    case "NoJobInMain":
      return unless(mains.includes("noJob"), "main() submits its job");
    case "JarNotFound":
      return unless(used("failovers"), "its JAR is there");
    case "SavepointNotFound": {
      // What is known of a job that went with its JobManager may be deleted since: newer ones took its place.
      const outdated = protection === "JobManagerLifetime" && ledger.failovers > 0;
      return unless(mains.includes("burnsItsId") || outdated, "what it was to start from should be there");
    }
    case "JobFailed":
      return unless(end === "FAILED", `it ended ${end}`);
    case "Canceled":
      return unless(
        trigger.stop === undefined && (ledger.entries.length > 1 || setting.timeout !== undefined),
        trigger.stop ? "it was stopped for something that is no longer wanted" : "nobody asked for that",
      );
    default:
      return "no such thing can happen here";
  }
}
