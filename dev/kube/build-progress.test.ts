import { expect, it } from "vitest";
import { BuildProgress } from "./build-progress.ts";

function build() {
  const told: string[] = [];
  const clock = { now: 1_000 };
  const lines = new BuildProgress(
    { title: "Kubernetes", packages: 2823 },
    (line) => told.push(line),
    () => clock.now,
  );
  return { told, clock, lines };
}

it("tells now and then how far it is", () => {
  const { told, clock, lines } = build();
  lines.line("go: downloading k8s.io/api v0.36.3");
  clock.now += 9_999;
  lines.line("go: downloading go.uber.org/zap v1.27.1");
  expect(told).toEqual([]);
  clock.now += 1;
  lines.line("go: downloading go.etcd.io/raft/v3 v3.6.0");
  clock.now += 75_000;
  lines.line("internal/unsafeheader");
  lines.line("k8s.io/kubernetes/pkg/apis/core/v1");
  expect(told).toEqual([
    "Building Kubernetes: 3 modules fetched after 10 s",
    "Building Kubernetes: 1 of about 2823 packages after 1 min 25 s",
  ]);
});

it("keeps what is neither: the reason of a failure", () => {
  const { lines } = build();
  lines.line("flinkjob.dev/controlplane");
  lines.line("# flinkjob.dev/controlplane");
  lines.line("./up.go:12:3: undefined: nothing");
  expect(lines.complaint).toBe("# flinkjob.dev/controlplane\n./up.go:12:3: undefined: nothing");
});
