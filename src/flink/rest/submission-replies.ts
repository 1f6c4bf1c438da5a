import * as z from "zod";
import { applicationState, count, flinkId, jobRow, time } from "./replies.ts";

/** Flink's answers about JARs and what was started from them; the rules are those of replies.ts. */

const jar = z.object({
  id: z.string().min(1),
  name: z.string(),
  uploaded: z.int(),
  entry: z.array(z.object({ name: z.string(), description: z.string().nullish() })),
});
/** GET /jars */
export const jars = z.object({ files: z.array(jar) }).transform((reply) => reply.files);
export type Jar = z.output<typeof jar>;

/** POST /jars/upload; the JarId is the last part of the path. */
export const upload = z
  .object({ filename: z.string(), status: z.literal("success") })
  .transform((reply) => reply.filename.slice(reply.filename.lastIndexOf("/") + 1))
  .pipe(z.string().min(1));

/** POST /jars/:id/run */
export const run = z
  .object({ jobid: flinkId, applicationId: flinkId.optional() })
  .transform((reply) => ({ jobId: reply.jobid, applicationId: reply.applicationId }));
/** POST /jars/:id/run-application */
export const runApplication = z
  .object({ applicationid: flinkId })
  .transform((reply) => ({ jobId: undefined, applicationId: reply.applicationid }));
export type RunReply = z.output<typeof run> | z.output<typeof runApplication>;

const applicationFields = {
  id: flinkId,
  name: z.string(),
  status: applicationState,
  "start-time": time,
  "end-time": time,
};

/** GET /applications/:id */
export const application = z.object({ ...applicationFields, jobs: z.array(jobRow) }).transform((reply) => ({
  id: reply.id,
  name: reply.name,
  state: reply.status,
  startTime: reply["start-time"],
  endTime: reply["end-time"],
  jobs: reply.jobs,
}));
export type Application = z.output<typeof application>;

const applicationRow = z
  .object({ ...applicationFields, jobs: z.record(z.string(), count) })
  .transform((row) => ({
    id: row.id,
    name: row.name,
    state: row.status,
    startTime: row["start-time"],
    endTime: row["end-time"],
    /** How many of its jobs are in which state. */
    jobs: row.jobs,
  }));
/** GET /applications/overview */
export const applicationsOverview = z
  .object({ applications: z.array(applicationRow) })
  .transform((reply) => reply.applications);
export type ApplicationRow = z.output<typeof applicationRow>;
