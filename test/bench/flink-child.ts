// The fake Flink in a process of its own, so that its CPU time is not the operator's and not the bench's.
import { fakeJar, startFakeFlink } from "../support/fake-flink/index.ts";

/** What the fake saw, for the parent. Times in ms since 1970. */
export interface FlinkReport {
  /** By JobID: when its run request arrived. */
  arrivals: Record<string, number>;
  /** How often a request carried each JobID. */
  requestsPerJob: Record<string, number>;
  /** By namespace/name: when the request of a floor arrived. */
  floor: Record<string, number>;
  /** Every other request so far, by method and path without IDs. */
  calls: Record<string, number>;
}

const flink = await startFakeFlink({ version: "2.3.0", ha: false });
const form = new FormData();
form.append("jarfile", new Blob([new Uint8Array(fakeJar())]), "bench.jar");
const upload = await fetch(`${flink.url}/jars/upload`, { method: "POST", body: form });
const { filename } = (await upload.json()) as { filename: string };

process.on("message", () => process.send?.({ report: report() }));
process.on("disconnect", () => process.exit());
process.send?.({ started: { url: flink.url, jarId: filename.split("/").at(-1) } });

function report(): FlinkReport {
  const result: FlinkReport = { arrivals: {}, requestsPerJob: {}, floor: {}, calls: {} };
  for (const { method, path, body, at } of flink.requests) {
    const floor = /^\/floor\/(.+)$/.exec(path)?.[1];
    if (floor !== undefined) result.floor[floor] = at;
    else if (/^\/jars\/[^/]+\/run/.test(path)) {
      const { jobId, applicationId } = body as { jobId?: string; applicationId?: string };
      const id = jobId ?? applicationId ?? "";
      result.arrivals[id] ??= at;
      result.requestsPerJob[id] = (result.requestsPerJob[id] ?? 0) + 1;
    } else {
      const call = `${method} ${path.replace(/[0-9a-f]{32}/g, ":id")}`;
      result.calls[call] = (result.calls[call] ?? 0) + 1;
    }
  }
  return result;
}
