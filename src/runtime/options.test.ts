import { describe, expect, expectTypeOf, test } from "vitest";
import { helpText } from "./option-help.ts";
import { flagOf, optionTable, variableOf } from "./option-table.ts";
import { type CommandLine, type Options, OptionsError, parseCommandLine } from "./options.ts";

const options = (argv: string[], env: CommandLine["env"] = {}): Options => {
  const command = parseCommandLine({ argv, env });
  if (command.kind !== "run") throw new Error(`want options, got ${command.kind}`);
  return command.options;
};

const refusal = (argv: string[], env: CommandLine["env"] = {}): string => {
  try {
    parseCommandLine({ argv, env });
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error;
    expect(error.exitCode).toBe(2);
    expect(error.message).not.toContain("\n");
    return error.message;
  }
  throw new Error("want a refusal");
};

const pod = { KUBERNETES_SERVICE_HOST: "10.96.0.1" };

describe("values", () => {
  test("defaults outside a cluster: nothing listens, loopback may be reached", () => {
    expect(options([])).toEqual({
      kubeconfig: undefined,
      context: undefined,
      namespace: [],
      leaderElect: false,
      leaseName: "flinkjob-operator",
      leaseNamespace: undefined,
      leaseDuration: 15_000,
      workers: 32,
      pollInterval: 5_000,
      submissionConcurrency: 4,
      mainConcurrency: 4,
      submissionBackoff: 5_000,
      managedClusters: true,
      deletionTimeout: 300_000,
      shutdownTimeout: 30_000,
      maxJarSize: 536_870_912,
      jarTimeout: 300_000,
      orphanedJarAge: 900_000,
      allowCidr: [],
      denyCidr: [],
      denyLoopback: false,
      metricsAddress: { off: true },
      healthAddress: { off: true },
      logLevel: "info",
      logFormat: "auto",
    });
  });

  test("defaults inside a cluster: metrics and health are served, loopback is refused", () => {
    const want = { metricsAddress: { port: 8080 }, healthAddress: { port: 8081 }, denyLoopback: true };
    expect(options([], pod)).toMatchObject(want);
    expect(options(["--kubeconfig", "/k"], pod)).toMatchObject({ metricsAddress: { off: true } });
  });

  test("a flag wins over its variable, a variable over the default, an empty variable counts as absent", () => {
    const env = { FLINKJOB_WORKERS: "3", FLINKJOB_POLL_INTERVAL: "", FLINKJOB_LEADER_ELECT: "true" };
    expect(options(["--workers=2"], env)).toMatchObject({
      workers: 2,
      pollInterval: 5_000,
      leaderElect: true,
    });
    expect(options([], env)).toMatchObject({ workers: 3 });
  });

  test("lists repeat, split at commas, and a flag replaces the whole list of the variable", () => {
    const env = { FLINKJOB_NAMESPACE: "x,y" };
    expect(options(["--namespace", "a,b", "--namespace=c"], env).namespace).toEqual(["a", "b", "c"]);
    expect(options([], env).namespace).toEqual(["x", "y"]);
    expect(options(["--deny-cidr", "10.0.0.0/8,::1"]).denyCidr).toHaveLength(2);
  });

  test("booleans need no value and can be negated", () => {
    expect(options(["--leader-elect", "--workers", "1"])).toMatchObject({ leaderElect: true, workers: 1 });
    expect(options(["--no-deny-loopback"], pod).denyLoopback).toBe(false);
    expect(options(["--deny-loopback=false"], pod).denyLoopback).toBe(false);
  });

  test("the types follow the table", () => {
    expectTypeOf<Options["workers"]>().toEqualTypeOf<number>();
    expectTypeOf<Options["context"]>().toEqualTypeOf<string | undefined>();
    expectTypeOf<Options["namespace"]>().toEqualTypeOf<readonly string[]>();
    expectTypeOf<Options["logLevel"]>().toEqualTypeOf<"debug" | "info" | "warn" | "error">();
  });
});

describe("refusals", () => {
  test.each([
    [["--worker", "3"], "unknown flag --worker; did you mean --workers?"],
    [["--colour"], "unknown flag --colour; --help lists them all"],
    [["-n", "x"], "unknown flag -n; --help lists them all"],
    [["start"], 'unexpected argument "start"; the operator takes flags only'],
    [["--poll-interval"], "--poll-interval needs a value: --poll-interval DURATION"],
    [["--poll-interval", "--workers", "1"], "--poll-interval needs a value: --poll-interval DURATION"],
    [
      ["--deletion-timeout=5 min"],
      '--deletion-timeout: "5 min" is not a duration; write for example 500ms, 5s, 1m30s or 2h',
    ],
    [
      ["--poll-interval=0s"],
      '--poll-interval: "0s" is not a duration longer than zero; write for example 500ms, 5s, 1m30s or 2h',
    ],
    [["--workers", "0"], '--workers: "0" is not a whole number from 1 to 256'],
    [["--workers=2.5"], '--workers: "2.5" is not a whole number from 1 to 256'],
    [["--log-level", "trace"], '--log-level: "trace" is not one of debug, info, warn, error'],
    [
      ["--leader-elect=yes"],
      '--leader-elect: "yes" is not a boolean; write "true" or "false", or give the flag without a value',
    ],
    [["--no-workers"], "unknown flag --no-workers; did you mean --workers?"],
    [
      ["--namespace=a,"],
      '--namespace: "" is not a Kubernetes name: up to 63 small letters, digits and dashes',
    ],
    [
      ["--deny-cidr", "example.com"],
      '--deny-cidr: "example.com" is not a range of addresses; write for example 10.0.0.0/8, fd00::/8 or 169.254.169.254',
    ],
    [
      ["--max-jar-size", "64MB"],
      '--max-jar-size: "64MB" is not a size above zero; write for example 64Mi or 1Gi',
    ],
    [
      ["--metrics-address", "8080"],
      '--metrics-address: "8080" is not an address to listen on; write HOST:PORT, :PORT for all addresses, or "off"',
    ],
    [
      ["--metrics-address=:1", "--health-address=:1"],
      "--metrics-address and --health-address are the same; give one of them another port",
    ],
  ])("%j", (argv, want) => {
    expect(refusal(argv)).toBe(want);
  });

  test("a bad variable is named as the variable", () => {
    expect(refusal([], { FLINKJOB_WORKERS: "many" })).toBe(
      'FLINKJOB_WORKERS: "many" is not a whole number from 1 to 256',
    );
  });
});

describe("help", () => {
  test("--help anywhere asks for it, even beside a mistake", () => {
    expect(parseCommandLine({ argv: ["--nonsense", "--help"], env: {} })).toEqual({ kind: "help" });
    expect(parseCommandLine({ argv: ["--version"], env: {} })).toEqual({ kind: "version" });
  });

  test("names every flag, variable and default, within 100 columns", () => {
    const help = helpText();
    for (const [name, definition] of Object.entries(optionTable)) {
      expect(help).toContain(
        `${flagOf(name)}${"placeholder" in definition ? ` ${definition.placeholder}` : ""}`,
      );
      expect(help).toContain(variableOf(name));
    }
    expect(help.replace(/\s+/g, " ")).toContain(
      "Default: :8080 in a cluster, off elsewhere. [FLINKJOB_METRICS_ADDRESS]",
    );
    expect(
      Math.max(
        ...help
          .split("\n")
          .slice(4)
          .map((line) => line.length),
      ),
    ).toBeLessThanOrEqual(100);
  });

  test("every default is one that the flag itself accepts", () => {
    for (const definition of Object.values(optionTable)) {
      for (const text of [
        "default" in definition && definition.default,
        "defaultInCluster" in definition && definition.defaultInCluster,
      ]) {
        if (typeof text === "string") expect(definition.schema.safeParse(text).success, text).toBe(true);
      }
    }
  });
});
