import { describe, expect, it } from "vitest";
import { UsageError } from "../machine/usage-error.ts";
import { parseCommand } from "./command.ts";

describe("parseCommand", () => {
  it("start with every option", () => {
    const line = "start d --version 1.20 --ha --slots 8 --task-managers 2 --config a.b=c=d --config e=";
    expect(parseCommand(line.split(" "))).toEqual({
      name: "start",
      dir: "d",
      version: "1.20",
      ha: true,
      slots: 8,
      taskManagers: 2,
      config: { "a.b": "c=d", e: "" },
    });
  });

  it("start with none", () =>
    expect(parseCommand(["start", "d"])).toEqual({ name: "start", dir: "d", ha: false, config: {} }));

  it("stop", () => expect(parseCommand(["stop", "d"])).toEqual({ name: "stop", dir: "d" }));

  it.each(["--help", "-h", "start --help"])("help for %s", (line) =>
    expect(parseCommand(line.split(" "))).toEqual({ name: "help" }),
  );

  it.each([
    ["start d --hah", "--hah"],
    ["start d --slots", "--slots"],
    ["start d --slots 0", '"0"'],
    ["start d --slots 4.5", '"4.5"'],
    ["start d --config novalue", '"novalue"'],
    ["start d e", "also got e"],
    ["start", "DIR is missing"],
    ["stop d --ha", "--ha"],
    ["restart d", "restart"],
  ])("refuses %j, naming %s", (line, name) => {
    expect(() => parseCommand(line.split(" "))).toThrow(UsageError);
    expect(() => parseCommand(line.split(" "))).toThrow(name);
  });
});
