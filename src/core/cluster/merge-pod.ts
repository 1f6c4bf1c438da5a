type Json = unknown;
type Members = Readonly<Record<string, Json>>;

/** Lists of a pod that are merged entry by entry, and what an entry is known by; every other list is taken whole. */
export const LIST_KEYS: Readonly<Record<string, string>> = {
  containers: "name",
  initContainers: "name",
  env: "name",
  ports: "containerPort",
  volumeMounts: "mountPath",
  volumeDevices: "devicePath",
  volumes: "name",
  imagePullSecrets: "name",
  hostAliases: "ip",
  resourceClaims: "name",
  topologySpreadConstraints: "topologyKey",
};

/**
 * `patch` over `base`, as a strategic merge patch does it: members one by one, the lists above by their entries' keys, null
 * takes a member away. New entries follow those that were there.
 */
export function mergePod(base: Json, patch: Json, member = ""): Json {
  if (Array.isArray(patch)) return mergeList(base, patch, LIST_KEYS[member]);
  if (!isMembers(patch)) return patch;
  const merged: Record<string, Json> = isMembers(base) ? { ...base } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = mergePod(merged[name], value, name);
  }
  return merged;
}

function mergeList(base: Json, patch: readonly Json[], key: string | undefined): Json {
  if (key === undefined || !Array.isArray(base)) return patch;
  const merged = [...(base as Json[])];
  for (const entry of patch) {
    const id = isMembers(entry) ? entry[key] : undefined;
    const index = id === undefined ? -1 : merged.findIndex((known) => isMembers(known) && known[key] === id);
    if (index < 0) merged.push(entry);
    else merged[index] = mergePod(merged[index], replaced(merged[index], entry));
  }
  return merged;
}

/** An entry of a union (`value` or `valueFrom`; one kind of volume) replaces what it was: the API server takes one only. */
function replaced(base: Json, entry: Json): Json {
  if (!isMembers(base) || !isMembers(entry)) return entry;
  const other = "value" in entry ? "valueFrom" : "valueFrom" in entry ? "value" : undefined;
  return other !== undefined && other in base ? { ...entry, [other]: null } : entry;
}

function isMembers(value: Json): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
