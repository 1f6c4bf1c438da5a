import { expect, it } from "vitest";
import { findingsOf, versionTable } from "./version-table.ts";

const told = (subject: string, status: string, meta?: { differs: string }) => ({
  ...{ ancestorTitles: [subject, "a job"], title: "ends | stops", status },
  ...(meta && { meta }),
});
const report = (...assertionResults: ReturnType<typeof told>[]) => ({ testResults: [{ assertionResults }] });
const releases = [
  ["1.20", "1.20.5"],
  ["2.2", "2.2.1"],
  ["2.3", "2.3.0"],
] as const;

it("has a row for each fact and a column for each version, and says what does not hold", () => {
  const findings = findingsOf(
    report(
      told("real 1.20", "passed", { differs: "later" }),
      told("real 2.3", "failed"),
      told("fake 2.3", "passed"),
    ),
  );
  const table = versionTable(findings, releases);
  expect(table).toContain("## a job\n\n| | 1.20 | 2.2 | 2.3 |\n|---|---|---|---|\n");
  expect(table).toContain("| ends \\| stops | later | – | ✗ |");
  expect(table).toContain("2 answers, 1 of them ✗.");
});

it("leaves out what was not asked", () => {
  expect(findingsOf(report(told("real 2.3", "pending"), told("real 2.3", "skipped")))).toEqual([]);
});
