import type { ManagedCluster } from "../../api/managed-cluster.ts";

/** Loud libraries, as in Flink's own file. */
const QUIETED = ["org.jboss.netty.channel.DefaultChannelPipeline", "io.netty.channel.DefaultChannelPipeline"];

/**
 * Whoever ends a process says why in one of these, and a good deal is logged after it. The kubelet takes the words out of the
 * file, and the status takes them from there; without them it gets the last lines of the log.
 */
const LAST_WORDS = [
  "org.apache.flink.runtime.entrypoint",
  "org.apache.flink.container.entrypoint",
  "org.apache.flink.runtime.taskexecutor.TaskManagerRunner",
];
/** In every container, and the kubelet reads its end. */
const TERMINATION_LOG = "/dev/termination-log";

/** log4j-console.properties: what is logged goes to the console, levels as the spec says. */
export function log4jProperties({ level, loggers = {}, log4j }: ManagedCluster["logging"]): string {
  if (log4j !== undefined) return log4j;
  const named = Object.entries(loggers).sort(([a], [b]) => (a < b ? -1 : 1));
  const lines = [
    "monitorInterval = 30",
    `rootLogger.level = ${level}`,
    "rootLogger.appenderRef.console.ref = ConsoleAppender",
    "appender.console.name = ConsoleAppender",
    "appender.console.type = CONSOLE",
    "appender.console.layout.type = PatternLayout",
    "appender.console.layout.pattern = %d{yyyy-MM-dd HH:mm:ss,SSS} %-5p %-60c %x - %m%n",
    ...QUIETED.flatMap((name, index) => logger(`quiet${index}`, name, "OFF")),
    "appender.last.name = TerminationLog",
    "appender.last.type = File",
    `appender.last.fileName = ${TERMINATION_LOG}`,
    "appender.last.layout.type = PatternLayout",
    "appender.last.layout.pattern = %m%n%rEx{filters(java,jdk,scala,org.apache.flink,org.apache.pekko)}",
    "appender.last.filter.threshold.type = ThresholdFilter",
    "appender.last.filter.threshold.level = ERROR",
    ...LAST_WORDS.filter((name) => loggers[name] === undefined).flatMap((name, index) => [
      `logger.last${index}.name = ${name}`,
      `logger.last${index}.appenderRef.last.ref = TerminationLog`,
    ]),
    ...named.flatMap(([name, of], index) => logger(`own${index}`, name, of)),
  ];
  return `${lines.join("\n")}\n`;
}

function logger(id: string, name: string, level: string): string[] {
  return [`logger.${id}.name = ${name}`, `logger.${id}.level = ${level}`];
}
