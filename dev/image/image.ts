import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { link, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { arch } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { assembleOnce, cacheDirectory } from "../machine/cache.ts";
import { digest } from "../machine/digest.ts";
import { pack } from "./archive.ts";

/** A container image on this machine. */
export interface Image {
  /** By which pods ask for it; another content has another name. */
  readonly name: string;
  /** A directory in the OCI image layout. Packed by `tar`, it is what `ctr images import` takes. */
  readonly layout: string;
}

/** Files of an image, made once and shared by the images that have it. */
export interface Layer {
  /** For people. */
  readonly name: string;
  /** Whatever its files are made from. */
  readonly inputs: readonly (string | Buffer)[];
  /** Puts the files, as the root of a file system, into an empty directory. */
  readonly fill: (root: string) => Promise<void>;
}

/** How its containers start. */
export interface ImageConfiguration {
  readonly entrypoint: readonly string[];
  readonly environment?: readonly string[];
  /** Number of user and group, e.g. "9999:9999". */
  readonly user: string;
  readonly directory?: string;
}

const architectures: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

/** The image of these layers; made at the first call. `version` is for people. */
export async function image(
  title: string,
  version: string,
  layers: readonly Layer[],
  configuration: ImageConfiguration,
): Promise<Image> {
  const inputs = layers.flatMap((layer) => [layer.name, ...layer.inputs]);
  const key = digest(JSON.stringify(configuration), arch(), ...inputs);
  const name = `flinkjob.local/${title}:${version}-${key}`;
  const directory = join(cacheDirectory(), `image-${title}-${version}-${key}`);
  await assembleOnce({
    directory,
    assemble: async (temporary) => {
      const blobs: Blob[] = [];
      for (const layer of layers) blobs.push(await packedLayer(layer));
      await writeLayout(temporary, name, blobs, configuration);
    },
  });
  return { name, layout: directory };
}

export interface Blob {
  readonly file: string;
  /** SHA-256, hexadecimal. */
  readonly digest: string;
  readonly size: number;
}

/** The layer as one archive of its files; made at the first call. */
export async function packedLayer({ name, inputs, fill }: Layer): Promise<Blob> {
  const directory = join(cacheDirectory(), `layer-${name}-${digest(arch(), ...inputs)}`);
  await assembleOnce({
    directory,
    assemble: async (temporary) => {
      const root = join(temporary, "root");
      await mkdir(root);
      await fill(root);
      await pack(root, join(temporary, "layer.tar"));
      await rm(root, { recursive: true });
      await writeFile(join(temporary, "sha256"), await sha256(join(temporary, "layer.tar")));
    },
  });
  const file = join(directory, "layer.tar");
  return {
    file,
    digest: await readFile(join(directory, "sha256"), "utf8"),
    size: (await stat(file)).size,
  };
}

async function writeLayout(
  layout: string,
  name: string,
  layers: readonly Blob[],
  configuration: ImageConfiguration,
): Promise<void> {
  const blobs = join(layout, "blobs", "sha256");
  await mkdir(blobs, { recursive: true });
  // The cache has the bytes of a layer once, however many images have it.
  for (const layer of layers) await link(layer.file, join(blobs, layer.digest));
  const blob = async (value: object) => {
    const text = JSON.stringify(value);
    const hash = createHash("sha256").update(text).digest("hex");
    await writeFile(join(blobs, hash), text);
    return { digest: `sha256:${hash}`, size: Buffer.byteLength(text) };
  };
  const type = "application/vnd.oci.image";
  const platform = { architecture: architectures[arch()] ?? arch(), os: "linux" };
  const config = await blob({
    ...platform,
    config: {
      User: configuration.user,
      Env: configuration.environment ?? [],
      Entrypoint: configuration.entrypoint,
      WorkingDir: configuration.directory ?? "/",
    },
    rootfs: { type: "layers", diff_ids: layers.map((layer) => `sha256:${layer.digest}`) },
  });
  const manifest = await blob({
    schemaVersion: 2,
    mediaType: `${type}.manifest.v1+json`,
    config: { mediaType: `${type}.config.v1+json`, ...config },
    layers: layers.map(({ digest, size }) => ({
      mediaType: `${type}.layer.v1.tar`,
      digest: `sha256:${digest}`,
      size,
    })),
  });
  const index = {
    schemaVersion: 2,
    manifests: [
      {
        mediaType: `${type}.manifest.v1+json`,
        ...manifest,
        platform,
        annotations: {
          "io.containerd.image.name": name,
          "org.opencontainers.image.ref.name": name.slice(name.lastIndexOf(":") + 1),
        },
      },
    ],
  };
  await writeFile(join(layout, "index.json"), JSON.stringify(index));
  await writeFile(join(layout, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
}

async function sha256(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}
