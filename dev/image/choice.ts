import { pinnedReleases } from "../flink/release.ts";
import type { Progress } from "../machine/cache.ts";
import { UsageError } from "../machine/usage-error.ts";
import { flinkImage } from "./flink.ts";
import type { Image } from "./image.ts";
import { operatorImage } from "./operator.ts";

/** An image that can be made here, as it is named on a command line: "operator", "flink:2.3". */
export type ImageChoice = "operator" | `flink:${string}`;

/** Throws UsageError. */
export function imageChoice(text: string): ImageChoice {
  if (text === "operator") return text;
  const version = text.startsWith("flink:") ? text.slice("flink:".length) : undefined;
  if (version !== undefined && pinnedReleases[version] !== undefined) return `flink:${version}`;
  throw new UsageError(`--image: "${text}" is neither operator nor flink:VERSION, e.g. flink:2.3`);
}

export async function chosenImages(choices: readonly ImageChoice[], progress: Progress): Promise<Image[]> {
  const images: Image[] = [];
  for (const choice of choices)
    images.push(
      choice === "operator"
        ? await operatorImage(progress)
        : await flinkImage(choice.slice("flink:".length), progress),
    );
  return images;
}
