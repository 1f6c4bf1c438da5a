/**
 * Where a redirect of the JobManager leads at the gateway's address. `base` is the cluster's own address, `prefix` what stands
 * for it here. A relative one needs nothing, and one to another server is passed as it is: a client follows it or does not.
 */
export function mapLocation(location: string, base: URL, prefix: string): string {
  const absolute = /^(?:[a-z][a-z0-9+.-]*:)?\/\//i.test(location);
  if (!absolute && !location.startsWith("/")) return location;
  const url = URL.parse(location, base.href);
  if (url === null || url.origin !== base.origin) return location;
  const root = base.pathname.replace(/\/+$/, "");
  if (url.pathname !== root && !url.pathname.startsWith(`${root}/`)) return location;
  return prefix + url.pathname.slice(root.length) + url.search + url.hash;
}
