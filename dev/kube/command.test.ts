import { expect, it } from "vitest";
import { UsageError } from "../machine/usage-error.ts";
import { parseCommand } from "./command.ts";

it("starts the embedded one unless told otherwise", () => {
  expect(parseCommand(["start", "d"])).toEqual({
    name: "start",
    dir: "d",
    kind: "embedded",
    scheduler: false,
  });
  expect(parseCommand(["start", "--scheduler", "d", "--port=6443"])).toMatchObject({
    scheduler: true,
    port: 6443,
  });
  expect(parseCommand(["start", "d", "--kube", "current"])).toMatchObject({ kind: "current" });
  expect(parseCommand(["start", "d", "--node"])).toMatchObject({ images: [] });
  expect(parseCommand(["start", "d", "--node", "--image", "flink:2.3", "--image=operator"])).toMatchObject({
    images: ["flink:2.3", "operator"],
  });
  expect(parseCommand(["stop", "d"])).toEqual({ name: "stop", dir: "d" });
  expect(parseCommand(["stop", "-h"])).toEqual({ name: "help" });
});

it.each([
  [[], "Expected start or stop, got nothing"],
  [["up", "d"], "Expected start or stop, got up"],
  [["start"], "start: DIR is missing"],
  [["start", "a", "b"], "start: one DIR only, also got b"],
  [["start", "d", "--bogus"], "Unknown option '--bogus'"],
  [["start", "d", "--kube", "minikube"], '--kube: "minikube" is none of embedded, kind, current'],
  [["start", "d", "--kube", "kind", "--scheduler"], "--scheduler is for --kube embedded only"],
  [["start", "d", "--kube", "current", "--port", "1"], "--port is for --kube embedded only"],
  [["start", "d", "--kube", "kind", "--node"], "--node is for --kube embedded only"],
  [["start", "d", "--image", "operator"], "--image is for --node only"],
  [
    ["start", "d", "--node", "--port", "6443"],
    "--port is not for --node: an API server with a node has an address of its own",
  ],
  [
    ["start", "d", "--node", "--image", "flink:9.9"],
    '--image: "flink:9.9" is neither operator nor flink:VERSION, e.g. flink:2.3',
  ],
  [["start", "d", "--port", "65536"], '--port: "65536" is not a port (1 to 65535)'],
  [["stop", "d", "--scheduler"], "stop: does not know --scheduler"],
])("refuses %j", (args, want) => {
  expect(() => parseCommand(args)).toThrow(new UsageError(want));
});
