import * as z from "zod";
import type { DisposalOperation } from "../../core/snapshots.ts";
import type { Requests } from "./requests.ts";
import { disposalOperation, triggered } from "./snapshot-replies.ts";
import { unlessForgotten } from "./snapshots-rest.ts";

const dataSets = z
  .object({ dataSets: z.array(z.object({ id: z.string(), isComplete: z.boolean() })) })
  .transform((reply) => reply.dataSets);
export type DataSet = z.output<typeof dataSets>[number];

/** Intermediate results that jobs left on the TaskManagers for later jobs. */
export class DatasetsRest {
  readonly #requests: Requests;

  constructor(requests: Requests) {
    this.#requests = requests;
  }

  list(signal?: AbortSignal): Promise<DataSet[]> {
    return this.#requests.get("/datasets", dataSets, { signal });
  }

  /** Asks for the deletion; resolves with Flink's own request ID. */
  delete(id: string, signal?: AbortSignal): Promise<string> {
    const path = `/datasets/${encodeURIComponent(id)}`;
    return this.#requests.exchange({ method: "DELETE", path, signal }, triggered);
  }

  async deletion(requestId: string, signal?: AbortSignal): Promise<DisposalOperation> {
    const path = `/datasets/delete/${requestId}`;
    return unlessForgotten(this.#requests.get(path, disposalOperation, { signal }));
  }
}
