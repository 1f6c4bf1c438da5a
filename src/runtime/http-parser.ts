import { setFlagsFromString } from "node:v8";

/** In V8's own unit, roughly bytes of machine code run through. Its default is 13 million. */
export const tieringBudget = "--wasm-tiering-budget=2000000000";

/**
 * undici's HTTP parser is WebAssembly with one very large function. After a few hundred requests V8 compiles that once
 * more with its optimizing compiler: 0.25 s of CPU and 14 MB that never come back, for no measurable gain per answer. This
 * puts it off until an operator has been busy for days. Call it before the first request.
 */
export function compileHttpParserOnce(): void {
  setFlagsFromString(tieringBudget);
}
