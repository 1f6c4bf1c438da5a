import type { ConfigurationStatus } from "../../api/configuration-status.ts";
import type { Reason } from "../../api/reasons.ts";
import { statusOf } from "../configuration/report.ts";
import { access } from "./access.ts";
import { configMap } from "./config-map.ts";
import { clusterConfiguration } from "./configuration.ts";
import type { ClusterDesign } from "./design.ts";
import { fetchesJar } from "./jar-fetcher.ts";
import { isNative } from "./native.ts";
import { nativePods, podConfiguration } from "./native-pods.ts";
import { ingress, restService } from "./network.ts";
import { type ClusterObject, hashed } from "./objects.ts";
import { podTemplateProblems } from "./pod-template.ts";
import { disruptionBudgets, jobManagerDeployment, taskManagerDeployment } from "./workloads.ts";

/** What a deployed cluster should be. */
export interface DesiredCluster {
  /** In the order in which they are made; the JobManager before the TaskManagers, at the end. */
  objects: readonly ClusterObject[];
  /** What became of flinkConfiguration. */
  configuration: ConfigurationStatus | null;
  /** Why nothing of it may be applied. */
  refusal?: { reason: Reason; message: string } | undefined;
  /** Of a cluster whose JobManager makes the TaskManagers' pods: what they are to be made from. */
  madeFrom?: string | undefined;
}

/** Every object of a deployed cluster. Pure: the same design always gives the same objects. */
export function desiredCluster(design: ClusterDesign): DesiredCluster {
  const { entries, report } = clusterConfiguration(design);
  const made = isNative(design) ? nativePods(design, entries) : undefined;
  const config = configMap(design, made?.entries ?? entries);
  const { name } = config.metadata;
  const way = ingress(design);
  const objects = [
    ...access(design),
    config,
    restService(design),
    ...disruptionBudgets(design),
    ...(way ? [way] : []),
    ...(made ? [made.template, podConfiguration(design, config)] : []),
    jobManagerDeployment(design, name, made?.template.metadata.name),
    ...(made ? [] : [taskManagerDeployment(design, name)]),
  ];
  const problems = [
    ...podTemplateProblems(design, "jobmanager"),
    ...podTemplateProblems(design, "taskmanager"),
  ];
  const invalid = report.invalid.map(({ key, message }) => `${key}: ${message}`);
  const refusal =
    refusedFor("JarFetcherMissing", fetchesJar(design) && !design.jarFetcher ? [NO_FETCHER] : []) ??
    refusedFor("InvalidPodTemplate", problems) ??
    refusedFor("InvalidConfiguration", invalid, "spec.managed.flinkConfiguration: ");
  return {
    objects: objects.map(hashed),
    configuration: statusOf(report),
    refusal,
    ...(made ? { madeFrom: made.madeFrom } : {}),
  };
}

const MOST_PROBLEMS = 5;
const NO_FETCHER =
  "spec.managed.application.jar.uri: the operator was given no image to fetch JARs with (--operator-image)";

function refusedFor(reason: Reason, problems: readonly string[], where = ""): DesiredCluster["refusal"] {
  if (problems.length === 0) return undefined;
  const more = problems.length > MOST_PROBLEMS ? `; and ${problems.length - MOST_PROBLEMS} more` : "";
  const message = `${where}${problems.slice(0, MOST_PROBLEMS).join("; ")}${more}. The pods stay as they are.`;
  return { reason, message };
}
