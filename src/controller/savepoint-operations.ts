import type { JobManagerPort } from "../ports.ts";

/** What Flink says of a savepoint, or of a stop with one, in the core's words; `unknown` comes with what the history tells. */
type Told<History> =
  | { state: "inProgress" }
  | { state: "completed"; path: string }
  | { state: "failed"; message: string }
  | ({ state: "unknown" } & History);

/** Asks what became of it. Only where Flink does not know of it the history is read. Throws FlinkError where no answer says anything. */
export async function readOperation<History>(
  jobManager: Pick<JobManagerPort, "savepointOperation">,
  { jobId, operationId }: { jobId: string; operationId: string },
  history: () => Promise<History>,
  signal: AbortSignal,
): Promise<Told<History>> {
  const operation = await jobManager.savepointOperation(jobId, operationId, signal);
  switch (operation.state) {
    case "inProgress":
      return { state: "inProgress" };
    case "completed":
      return { state: "completed", path: operation.location };
    case "failed":
      return { state: "failed", message: operation.message };
    case "unknown":
      return { state: "unknown", ...(await history()) };
  }
}

/** Sends the request. One that was refused before anything began has failed; whatever else goes wrong is looked into. */
export async function requestOperation(
  request: Promise<void>,
): Promise<{ state: "requested" } | { state: "failed"; message: string; hopeless: boolean }> {
  try {
    await request;
    return { state: "requested" };
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (!(error instanceof Error) || (code !== "NoSavepointDirectory" && code !== "BadRequest")) throw error;
    return { state: "failed", message: error.message, hopeless: code === "NoSavepointDirectory" };
  }
}
