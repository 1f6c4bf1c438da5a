import { readFile } from "node:fs/promises";

/** Uploads a JAR to a Flink as a user does; its JarId. */
export async function uploaded(url: string, path: string): Promise<string> {
  const form = new FormData();
  form.append("jarfile", new Blob([new Uint8Array(await readFile(path))]), "users.jar");
  const reply = await fetch(`${url}/jars/upload`, { method: "POST", body: form });
  const { filename } = (await reply.json()) as { filename: string };
  return filename.slice(filename.lastIndexOf("/") + 1);
}
