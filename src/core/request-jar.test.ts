import { expect, test } from "vitest";
import { jobIdPrefix } from "./identity.ts";
import { clusterOfRequestJar, requestJarName } from "./request-jar.ts";

test("the JarId that Flink makes of the name tells the FlinkCluster", () => {
  const name = requestJarName("uid-1", "main-nightly-0123abcd");
  expect(name).toBe(`flinkjob-run-async-${jobIdPrefix("uid-1")}-main-nightly-0123abcd.jar`);
  expect(clusterOfRequestJar(`7c9e6679-7425-40de-944b-e07fc1f90ae7_${name}`)).toBe(jobIdPrefix("uid-1"));
});

test.each([
  "u_users.jar",
  `u_flinkjob-${"0".repeat(16)}-${"0".repeat(32)}.jar`,
  "u_flinkjob-run-async-x.jar",
])("no other JAR does: %s", (jarId) => expect(clusterOfRequestJar(jarId)).toBeUndefined());
