/** One exchange as metrics count it. */
export interface SeenExchange {
  readonly method: string;
  /** With IDs taken out: `/jobs/:jobid`. */
  readonly route: string;
  /** HTTP status, or "<error>" when no answer came. */
  readonly code: string;
  readonly seconds: number;
}

/** The route of a path: few enough values for a label. */
export function routeOf(path: string): string {
  const [plain = ""] = path.split("?");
  const withoutIds = plain.replace(/\/[0-9a-f]{32}(?=\/|$)/gu, "/:id");
  return withoutIds.replace(/^\/jars\/(?!upload$)[^/]+/u, "/jars/:jarid");
}
