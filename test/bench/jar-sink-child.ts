// A JobManager that takes every JAR and keeps none, in a process of its own: what it costs is not the gateway's.
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

let bytes = 0;
const server = createServer((request, response) => {
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
  });
  request.on("end", () => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ filename: `/tmp/${randomUUID()}_sink.jar`, status: "success" }));
  });
});
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  process.send?.({ started: { url: `http://127.0.0.1:${port}` } });
});
process.on("message", () => process.send?.({ report: bytes }));
process.on("disconnect", () => process.exit());
