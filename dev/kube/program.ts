import { join } from "node:path";

/** Somebody else's program, compiled here: a small Go module of ours that imports it. */
export interface GoProgram {
  /** For people. */
  readonly title: string;
  /** Of the binary. */
  readonly name: string;
  /** Directory of our module. */
  readonly module: string;
  /** The Go module whose version is the program's. */
  readonly source: string;
  /** Values that the linker puts in, by variable. */
  readonly stamps: (version: string) => Readonly<Record<string, string>>;
  /** How many packages are compiled, Go's own library included, on Linux. */
  readonly packages: number;
  /** What a build usually takes on two cores. */
  readonly usually: string;
  /** Bytes for compiled packages, modules and binary; measured. */
  readonly space: number;
}

export const controlPlane: GoProgram = {
  title: "Kubernetes",
  name: "controlplane",
  module: join(import.meta.dirname, "..", "controlplane"),
  source: "k8s.io/kubernetes",
  // The version is not in the sources: without these the server calls itself v0.0.0, and clients complain.
  stamps: (version) => {
    const [major = "", minor = ""] = version.split(".");
    const values = {
      gitVersion: `v${version}`,
      gitMajor: major,
      gitMinor: minor,
      gitTreeState: "clean",
      buildDate: "2026-01-01T00:00:00Z",
    };
    return Object.fromEntries(
      Object.entries(values).map(([name, value]) => [`k8s.io/component-base/version.${name}`, value]),
    );
  },
  packages: 2823,
  usually: "6 minutes",
  // 3.2 GB of compiled packages, 0.6 GB of modules.
  space: 5e9,
};

/** Of a node: its pods find Services by their names. */
export const clusterDns: GoProgram = {
  title: "CoreDNS",
  name: "clusterdns",
  module: join(import.meta.dirname, "..", "clusterdns"),
  source: "github.com/coredns/coredns",
  stamps: () => ({}),
  packages: 790,
  usually: "2 minutes",
  space: 2e9,
};
