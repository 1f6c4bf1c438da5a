/** A minor version of Flink and the JARs that stand for it. */
export interface OptionsRelease {
  /** "2.3". */
  readonly minor: string;
  readonly release: string;
  /** Where a JAR is not to be had in that release: the nearest one. */
  readonly properties?: Readonly<Record<string, string>>;
  /** Profiles of pom.xml: JARs that not every release has. */
  readonly profiles: readonly string[];
}

/** Every minor version that takes flinkConfiguration, oldest first; the newest release of each that is to be had. */
export const optionsReleases: readonly OptionsRelease[] = [
  {
    minor: "1.17",
    release: "1.17.2",
    profiles: ["changelog-storage"],
    properties: { "flink.dstl.version": "1.18.1" },
  },
  { minor: "1.18", release: "1.18.1", profiles: ["changelog-storage"] },
  { minor: "1.19", release: "1.19.3", profiles: ["changelog-storage"] },
  {
    minor: "1.20",
    release: "1.20.5",
    profiles: ["changelog-storage"],
    properties: { "flink.table.version": "1.20.4" },
  },
  {
    minor: "2.0",
    release: "2.0.2",
    profiles: ["changelog-storage", "forst"],
    properties: { "flink.forst.version": "2.0.0" },
  },
  {
    minor: "2.1",
    release: "2.1.3",
    profiles: ["changelog-storage", "forst"],
    properties: { "flink.forst.version": "2.0.0" },
  },
  {
    minor: "2.2",
    release: "2.2.1",
    profiles: ["changelog-storage", "forst"],
    properties: { "flink.forst.version": "2.2.0" },
  },
  { minor: "2.3", release: "2.3.0", profiles: ["changelog-storage", "forst"] },
];
