import type { ManagedCluster } from "../../api/managed-cluster.ts";

/** Loud libraries, as in Flink's own file. */
const QUIETED = ["org.jboss.netty.channel.DefaultChannelPipeline", "io.netty.channel.DefaultChannelPipeline"];

/** log4j-console.properties: one appender to the console, levels as the spec says. */
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
    ...named.flatMap(([name, of], index) => logger(`own${index}`, name, of)),
  ];
  return `${lines.join("\n")}\n`;
}

function logger(id: string, name: string, level: string): string[] {
  return [`logger.${id}.name = ${name}`, `logger.${id}.level = ${level}`];
}
