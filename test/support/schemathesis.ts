import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { assembleOnce, cacheDirectory } from "../../dev/machine/cache.ts";
import { checkPrerequisites } from "../../dev/machine/prerequisites.ts";

const run = promisify(execFile);
const version = "4.32.5";
const hooks = fileURLToPath(new URL("schemathesis-hooks.py", import.meta.url));

/** Calls an API in every way that its OpenAPI document allows and forbids, and compares what it answers with what it says. */
export class Schemathesis {
  readonly #python: string;

  private constructor(python: string) {
    this.#python = python;
  }

  /** Installs it from PyPI at the first time, outside of the repository. Throws PrerequisitesError without Python. */
  static async install(): Promise<Schemathesis> {
    await checkPrerequisites({ needs: ["python"] });
    const directory = join(cacheDirectory(), `schemathesis-${version}`);
    await assembleOnce({
      directory,
      assemble: async (temporary) => {
        await run("python3", ["-m", "venv", temporary]);
        const pip = ["-m", "pip", "install", "--quiet", `schemathesis==${version}`];
        await run(join(temporary, "bin/python"), pip);
      },
    });
    return new Schemathesis(join(directory, "bin/python"));
  }

  /** What it reports; `passed`: nothing to complain about. `folder` is for its files. */
  async test(options: {
    readonly folder: string;
    readonly document: object;
    readonly url: string;
    readonly token: string;
    /** Fixed values, such as `path.namespace`. */
    readonly parameters: Readonly<Record<string, string>>;
    readonly args: readonly string[];
  }): Promise<{ passed: boolean; report: string }> {
    const { folder, document, url, token, parameters, args } = options;
    await writeFile(join(folder, "openapi.json"), JSON.stringify(document));
    const fixed = Object.entries(parameters).map(([name, value]) => `"${name}" = ${JSON.stringify(value)}`);
    const config = `[parameters]\n${fixed.join("\n")}\n`;
    await writeFile(join(folder, "schemathesis.toml"), config);
    // Its own script names the directory in which it was installed, which has moved since.
    const program = ["-c", "from schemathesis.cli import schemathesis; schemathesis()"];
    const flags = ["run", "openapi.json", "--url", url, "--header", `Authorization: Bearer ${token}`];
    const all = [...program, "--config-file", "schemathesis.toml", ...flags, "--no-color", ...args];
    try {
      const { stdout } = await run(this.#python, all, {
        cwd: folder,
        env: { ...process.env, SCHEMATHESIS_HOOKS: hooks },
        maxBuffer: 64 * 1024 ** 2,
      });
      return { passed: true, report: stdout };
    } catch (error) {
      const {
        code,
        stdout = "",
        stderr = "",
      } = error as { code?: unknown; stdout?: string; stderr?: string };
      if (code !== 1) throw error;
      return { passed: false, report: `${stdout}\n${stderr}` };
    }
  }
}
