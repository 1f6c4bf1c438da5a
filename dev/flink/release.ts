/** The releases that the short names of `--version` stand for; anything else is named in full. */
export const pinnedReleases: Readonly<Record<string, string>> = {
  "2.3": "2.3.0",
  "2.2": "2.2.1",
  "2.1": "2.1.3",
  "2.0": "2.0.2",
  "1.20": "1.20.5",
  "1.19": "1.19.3",
  "1.18": "1.18.1",
  "1.17": "1.17.2",
};

export const defaultVersion = "2.3";

/** The full release ("2.3.0") for a short name ("2.3") or a full release. Throws for anything else. */
export function releaseOf(version: string): string {
  const pinned = pinnedReleases[version];
  if (pinned !== undefined) return pinned;
  if (/^\d+\.\d+\.\d+$/.test(version)) return version;
  const names = Object.keys(pinnedReleases).join(", ");
  throw new Error(`Flink version "${version}" is neither one of ${names} nor a full release like 2.2.1`);
}

/** Whether `release` is `minimum` ("1.20") or newer. */
export function isAtLeast(release: string, minimum: string): boolean {
  const [major = 0, minor = 0] = release.split(".").map(Number);
  const [minimumMajor = 0, minimumMinor = 0] = minimum.split(".").map(Number);
  return major !== minimumMajor ? major > minimumMajor : minor >= minimumMinor;
}
