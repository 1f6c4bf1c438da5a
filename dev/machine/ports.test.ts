import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { freePorts } from "./ports.ts";

const module = fileURLToPath(new URL("./ports.ts", import.meta.url));

// Below all that anybody else here is given.
test("no port is given twice", async () => {
  const few = { lowest: 19_000, beyond: 19_003 };
  const ports = await freePorts(3, few);
  expect(ports.sort()).toEqual([19_000, 19_001, 19_002]);
  await expect(freePorts(1, few)).rejects.toThrow("No 1 free ports between 19000 and 19003");
});

test("nor to another process, until the one that has it ends", async () => {
  const one = { lowest: 19_010, beyond: 19_011 };
  const code = `const { freePorts } = await import(${JSON.stringify(module)});
    console.log(await freePorts(1, ${JSON.stringify(one)}));
    process.stdin.resume();`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", code], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const [said] = await once(child.stdout, "data");
  expect(String(said).trim()).toBe("[ 19010 ]");
  await expect(freePorts(1, one)).rejects.toThrow("No 1 free ports");
  child.kill("SIGKILL");
  await once(child, "close");
  expect(await freePorts(1, one)).toEqual([19_010]);
});

test("one that somebody listens on is not free", async () => {
  const server = createServer().listen(19_020, "127.0.0.1");
  await once(server, "listening");
  await expect(freePorts(1, { lowest: 19_020, beyond: 19_021 })).rejects.toThrow("No 1 free ports");
  server.close();
});
