const MOST = 10;

/**
 * Paths of the fields that are not the same in both, such as `spec.managed.image`; the first ten. Only paths: values may be
 * secrets.
 */
export function differences(there: unknown, wanted: unknown, path = "spec"): string[] {
  if (isMap(there) && isMap(wanted)) {
    const keys = [...new Set([...Object.keys(there), ...Object.keys(wanted)])].sort();
    return keys.flatMap((key) => differences(there[key], wanted[key], `${path}.${key}`)).slice(0, MOST);
  }
  if (Array.isArray(there) && Array.isArray(wanted) && there.length === wanted.length) {
    return there
      .flatMap((each, index) => differences(each, wanted[index], `${path}[${index}]`))
      .slice(0, MOST);
  }
  return Object.is(there, wanted) ? [] : [path];
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
