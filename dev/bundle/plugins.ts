import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { brotliCompressSync } from "node:zlib";
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

/** A name that is not among the parts fails the build. */
export function takePartsOfUndici(): Plugin {
  const namespace = "undici-parts";
  return {
    name: namespace,
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^undici$/ }, () => ({ path: "undici", namespace }));
      onLoad({ filter: /./, namespace }, () => ({ contents: undiciParts, resolveDir: root }));
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

/** The table of Flink's options goes inside, packed: 160 KB that most operators never look at. */
export function packOptionTable(): Plugin {
  return {
    name: "option-table",
    setup: ({ onLoad }) =>
      onLoad({ filter: /[/\\]src[/\\]flink[/\\]options[/\\]option-table\.ts$/ }, async ({ path }) => {
        const packed = brotliCompressSync(await readFile(join(dirname(path), "flink-options.tsv")));
        const contents = `
import { brotliDecompressSync } from "node:zlib";
const packed = ${JSON.stringify(packed.toString("base64"))};
export const optionTable = () => brotliDecompressSync(Buffer.from(packed, "base64")).toString();
`;
        return { contents, resolveDir: dirname(path) };
      }),
  };
}
