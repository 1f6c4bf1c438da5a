import { describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { around, subjects } from "./flink-subjects.ts";
import { cause, newId, type RawFlink } from "./raw-flink.ts";

// What a Flink says about itself and its JARs.

describe.each(subjects())("$name", (subject) => {
  let flink: RawFlink;
  around(subject, (opened) => {
    flink = opened;
  });

  describe("the cluster", () => {
    it("says its version and whether JARs can be submitted, with and without /v1", async () => {
      for (const path of ["/config", "/v1/config"]) {
        const { status, json } = await flink.get(path);
        expect(status).toBe(200);
        expect(json["flink-version"]).toBe(subject.release);
        expect(json.features["web-submit"]).toBe(true);
      }
    });

    it("names its process in web.tmpdir", async () => {
      expect(await flink.incarnation()).toMatch(
        /flink-web-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/,
      );
    });

    it("words an unknown route as a file for a GET", async () => {
      expect(await flink.get("/nosuch")).toMatchObject({
        status: 404,
        json: { errors: ["Unable to load requested file /nosuch."] },
      });
      expect(await flink.post("/jobs/overview", {})).toMatchObject({
        status: 404,
        json: { errors: ["Not found: /jobs/overview"] },
      });
    });
  });

  describe("JARs", () => {
    it("get another ID with each upload and are listed until they are deleted", async () => {
      const first = await flink.upload("facts.jar");
      const second = await flink.upload("facts.jar");
      expect(first).toMatchObject({ status: 200, json: { status: "success" } });
      expect(first.jarId).toMatch(/^[0-9a-f-]{36}_facts\.jar$/);
      expect(second.jarId).not.toBe(first.jarId);
      const listed = async () => (await flink.get("/jars")).json.files.map((file: { id: string }) => file.id);
      expect(await listed()).toEqual(expect.arrayContaining([first.jarId, second.jarId]));
      for (const { jarId } of [first, second])
        expect((await flink.call("DELETE", `/jars/${jarId}`)).status).toBe(200);
      expect(await listed()).not.toContain(first.jarId);
      const again = await flink.call("DELETE", `/jars/${first.jarId}`);
      expect(again.status).toBe(400);
      expect(cause(again)).toContain(`File ${first.jarId} does not exist in `);
    });

    it("are judged by their name when they come and by their content when they run", async () => {
      const named = await flink.upload("facts.txt");
      expect(named.status).toBe(400);
      expect(cause(named)).toContain("Only Jar files are allowed.");
      const junk = await flink.upload("junk.jar", Buffer.from("junk"));
      expect(junk.status).toBe(200);
      const run = await flink.run(["stream"], {}, junk.jarId);
      expect(run.status).toBe(500);
      expect(cause(run)).toBe("java.util.zip.ZipException: zip END header not found");
      await flink.call("DELETE", `/jars/${junk.jarId}`);
    });

    it("must be one per upload", async () => {
      expect(cause(await flink.post("/jars/upload"))).toContain("Exactly 1 file must be sent, received 0.");
    });

    it("that are not there, and classes that are not in them, are an internal server error", async () => {
      const missing = await flink.run(["stream"], {}, "nope_x.jar");
      expect(missing.status).toBe(500);
      expect(cause(missing)).toMatch(/RestHandlerException: Jar file .*nope_x\.jar does not exist$/);
      const noClass = await flink.run(["stream"], { entryClass: "no.such.Main" });
      expect(noClass.status).toBe(500);
      expect(noClass.text).toContain(
        "The program's entry point class 'no.such.Main' was not found in the jar file.",
      );
      expect(cause(noClass)).toBe("java.lang.ClassNotFoundException: no.such.Main");
    });

    it("that are deleted while main() runs make it fail", async () => {
      const { jarId } = await flink.upload();
      const jobId = newId();
      const running = flink.run(["stream", "--sleep", "400"], { jobId }, jarId);
      await eventually(async () => (await flink.mainThreads()).size > 0);
      expect((await flink.call("DELETE", `/jars/${jarId}`)).status).toBe(200);
      const reply = await running;
      expect(reply.status).toBe(400);
      expect(reply.text).toContain("Could not upload job files.");
      expect(cause(reply)).toMatch(/FileNotFoundException: .* \(No such file or directory\)$/);
      expect((await flink.get(`/jobs/${jobId}`)).status).toBe(404);
    });
  });
});
