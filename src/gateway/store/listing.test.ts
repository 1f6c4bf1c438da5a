import { expect, test } from "vitest";
import { aJob, aTrigger } from "../../../test/support/builders.ts";
import type { FlinkJob } from "../../api/objects.ts";
import type { TriggerState } from "../../api/status.ts";
import type { ChangeHandler } from "../../kube/informer.ts";
import { Store } from "../../kube/store.ts";
import { Listing, submissionIndexers } from "./listing.ts";

const main = { namespace: "team", name: "main" };

function scene() {
  const store = new Store<FlinkJob>(submissionIndexers);
  let handler: ChangeHandler<FlinkJob> = {};
  const listing = new Listing({
    byIndex: (index, value) => store.byIndex(index, value),
    addHandler: (given) => {
      handler = given;
    },
  });
  const tell = (changes: ReturnType<typeof store.put>) => {
    for (const change of changes) {
      if (change.type === "add") handler.add?.(change.object, false);
      if (change.type === "update") handler.update?.(change.object, change.previous);
      if (change.type === "delete") handler.delete?.(change.object);
    }
  };
  const put = (number: number, state: TriggerState = "pending", version = 1) => {
    const seconds = String(Math.floor(number / 3) % 60).padStart(2, "0");
    const minutes = String(Math.floor(number / 180)).padStart(2, "0");
    const job = aJob({ cluster: { name: "main" }, trigger: { id: `t${number}` } })
      .trigger(aTrigger().sent().with({ state }))
      .build();
    const name = `job-${String(number).padStart(5, "0")}`;
    job.metadata = {
      ...{ namespace: "team", name, uid: `uid-${number}`, resourceVersion: `${number}.${version}` },
      creationTimestamp: `2026-11-26T14:${minutes}:${seconds}Z`,
    };
    tell(store.put(job));
    return job;
  };
  return { listing, put, remove: (job: FlinkJob) => tell(store.remove(job)) };
}

function walk(listing: Listing, limit: number, state?: TriggerState): { names: string[]; pages: number } {
  const names: string[] = [];
  let token: string | undefined;
  for (let pages = 1; ; pages++) {
    const page = listing.page(main, { limit, continue: token, state });
    names.push(...page.jobs.map(({ metadata }) => metadata.name ?? ""));
    token = page.continue;
    if (token === undefined) return { names, pages };
  }
}

test("the newest first, each once, page by page", () => {
  const { listing, put } = scene();
  for (let i = 0; i < 1_000; i++) put(i);
  const { names, pages } = walk(listing, 64);
  expect(pages).toBe(16);
  expect(new Set(names).size).toBe(1_000);
  expect(names.slice(0, 4)).toEqual(["job-00999", "job-00996", "job-00997", "job-00998"]);
});

test("what comes and goes between two pages neither repeats nor hides another", () => {
  const { listing, put, remove } = scene();
  const jobs = Array.from({ length: 30 }, (_, i) => put(i));
  const first = listing.page(main, { limit: 10 });
  put(99);
  remove(jobs.at(-1)!);
  remove(first.jobs.at(-1)!);
  const second = listing.page(main, { limit: 30, continue: first.continue });
  const told = [...first.jobs, ...second.jobs].map(({ metadata }) => metadata.name);
  expect(new Set(told).size).toBe(30);
  expect(told).not.toContain("job-00099");
});

test("only one state, on full pages", () => {
  const { listing, put } = scene();
  for (let i = 0; i < 100; i++) put(i, i % 4 === 0 ? "running" : "pending");
  expect(walk(listing, 10, "running")).toMatchObject({ pages: 3, names: { length: 25 } });
  expect(walk(listing, 10, "failed")).toEqual({ pages: 1, names: [] });
  put(0, "failed", 2);
  expect(walk(listing, 10, "failed").names).toEqual(["job-00000"]);
});

test("the last page has no token, even when it is full", () => {
  const { listing, put } = scene();
  for (let i = 0; i < 20; i++) put(i);
  expect(walk(listing, 10).pages).toBe(2);
});

test.each(["", "x", Buffer.from("2026 a").toString("base64url"), "%%%"])("no token of ours: %j", (token) => {
  const { listing } = scene();
  expect(() => listing.page(main, { limit: 1, continue: token })).toThrow(
    /^continue: is no token of this list/,
  );
});
