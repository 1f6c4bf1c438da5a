import type { OptionScope } from "../../src/core/configuration/catalogue.ts";

/** Keys that begin alike and are declared nowhere: Flink hands them on, or a user chooses their middle. */
export interface Family {
  /** Ends in a dot. */
  readonly prefix: string;
  readonly scope: OptionScope;
  readonly description: string;
  /** Minor versions; always where absent. */
  readonly since?: string;
  readonly until?: string;
}

const fileSystem = "Handed to a file system plugin when a process starts.";

export const families: readonly Family[] = [
  { prefix: "containerized.", scope: "cluster", description: "Environment of the containers of a cluster." },
  { prefix: "events.reporter.", scope: "cluster", description: "An event reporter.", since: "2.0" },
  { prefix: "external-resource.", scope: "cluster", description: "An external resource of TaskManagers." },
  { prefix: "flink.hadoop.", scope: "cluster", description: "Handed to Hadoop." },
  { prefix: "fs.azure.", scope: "cluster", description: fileSystem },
  { prefix: "fs.gs.", scope: "cluster", description: fileSystem },
  { prefix: "fs.oss.", scope: "cluster", description: fileSystem },
  { prefix: "fs.s3a.", scope: "cluster", description: fileSystem },
  { prefix: "gs.", scope: "cluster", description: fileSystem },
  { prefix: "kubernetes.", scope: "cluster", description: "Flink's native Kubernetes deployment." },
  { prefix: "metrics.reporter.", scope: "cluster", description: "A metrics reporter." },
  { prefix: "presto.s3.", scope: "cluster", description: fileSystem },
  { prefix: "python.", scope: "job", description: "Python workers of a job." },
  { prefix: "s3.", scope: "cluster", description: fileSystem },
  {
    prefix: "security.delegation.token.provider.",
    scope: "cluster",
    description: "A provider of delegation tokens.",
  },
  { prefix: "sql-client.", scope: "client", description: "The SQL client." },
  { prefix: "sql-gateway.", scope: "cluster", description: "The SQL gateway." },
  { prefix: "traces.reporter.", scope: "cluster", description: "A trace reporter.", since: "1.19" },
  { prefix: "yarn.", scope: "cluster", description: "Flink on YARN." },
];
