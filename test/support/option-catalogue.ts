import { OptionCatalogue } from "../../src/core/configuration/catalogue.ts";

const ROWS = [
  "execution.checkpointing.dir|1.20-2.3|job|String||state.checkpoints.dir state.backend.fs.checkpointdir||Where.",
  "state.checkpoints.dir|1.17|job|String||state.backend.fs.checkpointdir||Where.",
  "execution.checkpointing.interval|1.17-2.3|job|Duration||||How often.",
  "execution.checkpointing.max-concurrent-checkpoints|1.17-2.3|job|Integer|1|||How many.",
  "execution.job-listeners|1.17-2.3|job|List<String>||||Who listens.",
  "execution.runtime-mode|1.17-2.3|job|Enum|STREAMING||STREAMING BATCH AUTOMATIC|How the job runs.",
  "execution.target|1.17-2.3|dangerous|String||||Where to.",
  "client.retry-period|1.17-2.3|client|Duration|1 min|||How long.",
  "jobmanager.rpc.address|1.17-2.3|cluster|String||||Where it is.",
  "jobmanager.rpc.port|1.17-2.3|cluster|Integer|6123|||Its port.",
  "kubernetes.*|1.17-2.3|cluster|Any||||Deployment.",
  "parallelism.default|1.17-2.3|job|Integer|1|||How wide.",
  "pipeline.global-job-parameters|1.17-2.3|job|Map||||The user's own.",
  "pipeline.name|1.17-2.3|job|String||||Its name.",
  "pipeline.object-reuse|1.17-2.3|job|Boolean|false|||Whether.",
  "pipeline.operator-chaining|1.17|job|Boolean|true|||Whether.",
  "pipeline.operator-chaining.enabled|1.20-2.3|job|Boolean|true|pipeline.operator-chaining||Whether.",
  "pipeline.registered-kryo-types|1.17-1.20|job|List<String>||||Which.",
  "rest.address|1.17-2.3|cluster|String||jobmanager.rpc.address||Where.",
  "state.backend.type|1.17|job|String||state.backend||What holds state.",
  "state.backend.type|1.20-2.3|job|String|hashmap|state.backend||What holds state.",
  "state.backend.rocksdb.memory.managed|1.17-2.3|job|Boolean|true|||Whether.",
  "state.backend.rocksdb.writebuffer.size|1.17-2.3|job|MemorySize||||How much.",
  "task.cancellation.interval|1.17-2.3|job|Duration|30 s|||How often.",
];

/** A small catalogue of options as Flink 1.17, 1.20 and 2.3 have them. */
export function aCatalogue(): OptionCatalogue {
  const rows = ROWS.map((row) => row.split("|").join("\t"));
  return new OptionCatalogue(["# for tests", "1.17\t1.20\t2.3", ...rows, ""].join("\n"));
}

/** The real one. */
export { lazyOptions as wholeCatalogue } from "../../src/flink/options/option-catalogue.ts";
