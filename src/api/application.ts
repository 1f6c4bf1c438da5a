import * as z from "zod";
import { jarPath, jarSha256, jarUri, jobId, runRequest } from "./run-request.ts";
import { exactlyOne, withRules } from "./text.ts";

const WHERE = "spec.managed.application.jar";

/** The JAR of a cluster of its own: fetched by its JobManager's pod, or in the image. */
export const applicationJar = withRules(
  z.object({
    uri: jarUri(
      "http or https address of the JAR. Each new JobManager's pod fetches it, before Flink starts.",
    ).optional(),
    sha256: jarSha256.optional(),
    local: jarPath.optional(),
  }),
  "The JAR with the job's main(): exactly one of uri and local.",
  [
    {
      rule: "[has(self.uri), has(self.local)].exists_one(given, given)",
      message: `${WHERE} needs exactly one of uri and local`,
      holds: ({ uri, local }) => exactlyOne(uri, local),
    },
    {
      rule: "!has(self.sha256) || has(self.uri)",
      message: `${WHERE}.sha256 goes with ${WHERE}.uri`,
      holds: ({ sha256, uri }) => sha256 === undefined || uri !== undefined,
    },
  ],
);

/** The one job of a cluster that takes no other. */
export const application = withRules(
  z.object({
    jobId: jobId("The job's JobID, 32 lower-case hexadecimal digits. Flink runs it once, whatever restarts."),
    jar: applicationJar,
    ...runRequest,
  }),
  "The one job of this cluster: its JobManager runs main() under the given JobID and takes no other job. Cannot be changed.",
  [
    {
      rule: "!has(self.claimMode) || self.claimMode == 'NO_CLAIM'",
      message:
        "spec.managed.application.claimMode can only be NO_CLAIM: Flink's entry point for one job drops every other (FLINK-40559)",
      holds: ({ claimMode }) => claimMode === undefined || claimMode === "NO_CLAIM",
    },
  ],
);
export type Application = z.output<typeof application>;
