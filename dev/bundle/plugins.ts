import { readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import type { Plugin } from "esbuild";
import { root } from "./bundle.ts";

/** What src/ uses of undici. Its index also loads fetch, caches, mocks and WebSockets: 3 MB of the operator's memory. */
const undiciParts = `
import Dispatcher from "undici/lib/dispatcher/dispatcher.js";
import request from "undici/lib/api/api-request.js";
// As undici's index does for all of its verbs.
Object.assign(Dispatcher.prototype, { request });
export { default as buildConnector } from "undici/lib/core/connect.js";
export { default as Agent } from "undici/lib/dispatcher/agent.js";
export { default as Pool } from "undici/lib/dispatcher/pool.js";
export { default as ProxyAgent } from "undici/lib/dispatcher/proxy-agent.js";
`;

/** What src/ uses of prom-client. Its index also loads node:cluster, and HTTP and zlib for a push gateway. */
const promClientParts = `
export { default as Counter } from "prom-client/lib/counter.js";
export { default as Gauge } from "prom-client/lib/gauge.js";
export { default as Histogram } from "prom-client/lib/histogram.js";
export { default as Registry } from "prom-client/lib/registry.js";
export { default as collectDefaultMetrics } from "prom-client/lib/defaultMetrics.js";
`;

export const takePartsOfUndici = () => takeParts("undici", undiciParts);
export const takePartsOfPromClient = () => takeParts("prom-client", promClientParts);

/** A name that is not among the parts fails the build. */
function takeParts(name: string, contents: string): Plugin {
  const namespace = `${name}-parts`;
  return {
    name: namespace,
    setup({ onResolve, onLoad }) {
      onResolve({ filter: new RegExp(`^${name}$`) }, () => ({ path: name, namespace }));
      onLoad({ filter: /./, namespace }, () => ({ contents, resolveDir: root }));
    },
  };
}

/** What other packages load and the operator never calls. */
const neverCalled = [
  // Every connector of ours speaks HTTP/1.1 only.
  /[/\\]undici[/\\]lib[/\\]dispatcher[/\\]client-h2\.js$/,
  // A second HTTP parser, for whoever sets UNDICI_USE_MILO.
  /[/\\]undici[/\\]lib[/\\]milo[/\\].*\.js$/,
  // For exemplars, which we do not turn on.
  /[/\\]@opentelemetry[/\\]api[/\\]/,
  // For log transports in worker threads, which the bundle has no file for.
  /[/\\]thread-stream[/\\]index\.js$/,
  // For routes with schemas, which the gateway has none of.
  /[/\\]@fastify[/\\](ajv-compiler|fast-json-stringify-compiler)[/\\]/,
  // For requests of tests.
  /[/\\]light-my-request[/\\]index\.js$/,
];

/** In the place of each stands a function that says so should it be called after all. */
export function omitWhatIsNeverCalled(): Plugin {
  return {
    name: "never-called",
    setup({ onLoad }) {
      for (const filter of neverCalled) {
        onLoad({ filter }, ({ path }) => {
          const message = `${relative(root, path)} is left out of this bundle`;
          return {
            contents: `module.exports = function () { throw new Error(${JSON.stringify(message)}); };`,
          };
        });
      }
    },
  };
}

/**
 * Takes Node's own modules as `require` would. An import statement would read every export of each, and with it load what
 * stands behind getters: WebSockets by node:http, Web Crypto by node:crypto. 2 MB and a tenth of the time to load.
 */
export function takeNodeModulesUnread(): Plugin {
  const namespace = "node-modules-unread";
  return {
    name: namespace,
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^(node:)?[a-z_0-9/]+$/ }, ({ path }) =>
        process.getBuiltinModule(path) === undefined ? undefined : { path, namespace },
      );
      onLoad({ filter: /./, namespace }, ({ path }) => ({
        contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
      }));
    },
  };
}

/** Loads a package from a file beside the bundle. */
export function leaveOut(filter: RegExp, file: string): Plugin {
  return {
    name: "left-out",
    setup: ({ onResolve }) => onResolve({ filter }, () => ({ path: file, external: true })),
  };
}

/** Unpacking takes memory for the window, 4 MB unless it is said that 256 KiB will do. */
const smallWindow = {
  [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
  [constants.BROTLI_PARAM_LGWIN]: 18,
};

/** The table of Flink's options goes inside, packed: 160 KB that most operators never look at. */
export function packOptionTable(): Plugin {
  return {
    name: "option-table",
    setup: ({ onLoad }) =>
      onLoad({ filter: /[/\\]src[/\\]flink[/\\]options[/\\]option-table\.ts$/ }, async ({ path }) => {
        const packed = brotliCompressSync(await readFile(join(dirname(path), "flink-options.tsv")), {
          params: smallWindow,
        });
        const contents = `
import { brotliDecompressSync } from "node:zlib";
const packed = ${JSON.stringify(packed.toString("base64"))};
export const optionTable = () => brotliDecompressSync(Buffer.from(packed, "base64")).toString();
`;
        return { contents, resolveDir: dirname(path) };
      }),
  };
}
