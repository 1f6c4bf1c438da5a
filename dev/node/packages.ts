import type { Progress } from "../machine/cache.ts";
import { ensureDebianPackages } from "../machine/debian-packages.ts";
import { checkPrerequisites, containerPackages } from "../machine/prerequisites.ts";

/** What a node needs of this machine, installed where that can be. Throws PrerequisitesError, which tells what to install. */
export async function ensureNodePackages(progress: Progress = () => {}): Promise<void> {
  await ensureDebianPackages(
    containerPackages,
    () => checkPrerequisites({ needs: ["containers"] }),
    progress,
  );
}
