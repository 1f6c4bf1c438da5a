import type { Look } from "../core/observed.ts";
import type { KubeClient } from "../kube/client.ts";
import type { Clock } from "../kube/clock.ts";
import { ConfigurationSources } from "./configuration-sources.ts";
import { JobNews } from "./job-news.ts";
import { Operations } from "./operations.ts";
import { Requirements } from "./requirements.ts";

/** What this process last found out about FlinkJobs, by uid. It is lost with the process, and then found out again. */
export interface JobMemory {
  looks: Map<string, Look>;
  operations: Operations;
  requirements: Requirements;
  news: JobNews;
  sources: ConfigurationSources;
}

export function jobMemory(kube: Pick<KubeClient, "get">, clock: Clock): JobMemory {
  return {
    looks: new Map(),
    operations: new Operations(clock),
    requirements: new Requirements(clock),
    news: new JobNews(clock),
    sources: new ConfigurationSources(kube, clock),
  };
}
