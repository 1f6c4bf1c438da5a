/** "1.20" of "1.20.5" or "1.20-SNAPSHOT"; undefined for what is no version. */
export function minorOf(release: string): string | undefined {
  return /^(\d+\.\d+)(?!\d)/.exec(release)?.[1];
}

/** Whether a version ("2.3" or "2.3.0") is this minor or newer. */
export function isAtLeast(version: string, minor: string): boolean {
  const [major = 0, rest = 0] = version.split(".").map(Number);
  const [leastMajor = 0, leastRest = 0] = minor.split(".").map(Number);
  return major !== leastMajor ? major > leastMajor : rest >= leastRest;
}
