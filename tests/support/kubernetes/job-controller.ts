import { setTimeout as sleep } from "node:timers/promises";
import type { JobSpec } from "kubernetes-types/batch/v1.js";
import { now, type ObjectStore, type Stored } from "./objects.ts";
import { Pod, type PodEnd } from "./pods.ts";

/** Kubernetes waits 10 s, 20 s, 40 s and so on before another attempt; the stand-in does not. */
const retryDelayMs = 100;

/** Why a Job ended. */
interface JobEnd {
  readonly type: "Complete" | "Failed";
  readonly reason: string;
  readonly message: string;
}

/** Runs the Jobs in a store, each as soon as it is created. */
export class JobController {
  /** All Pods that were started, by the uid of their Job. */
  readonly #pods = new Map<string, Pod[]>();
  readonly #store: ObjectStore;
  readonly #folder: string;
  readonly #running = new Set<Promise<void>>();
  #isClosed = false;

  /** @param folder the folder in which containers run: the content of the image */
  constructor(store: ObjectStore, folder: string) {
    this.#store = store;
    this.#folder = folder;
    store.listen(({ type, resource, object }) => {
      if (type !== "ADDED" || resource !== "jobs") return;
      const running = this.#run(object);
      this.#running.add(running);
      running.finally(() => this.#running.delete(running));
    });
  }

  /** All Pods, in the order in which they were started. */
  get allPods(): Pod[] {
    return [...this.#pods.values()].flat();
  }

  /** Forgets the Pods of Jobs that have ended. */
  forget(): void {
    this.#pods.clear();
  }

  log(name: string): string {
    return this.allPods.find((pod) => pod.name === name)?.output ?? "";
  }

  /** In the background, the Job is deleted at once, and its Pods end later. */
  deleteJob(name: string, propagation: string): void {
    const job = this.#store.get("jobs", name);
    if (job === undefined) return;
    const pods = this.#pods.get(job.metadata.uid ?? "") ?? [];
    const ended = Promise.all(pods.map((pod) => pod.delete()));
    if (propagation === "Foreground") ended.then(() => this.#store.delete("jobs", name));
    else this.#store.delete("jobs", name);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const pod of this.allPods) pod.kill();
    await Promise.all(this.#running);
  }

  async #run(job: Stored): Promise<void> {
    const { name, uid = "" } = job.metadata;
    const spec = job.spec as JobSpec;
    const pods: Pod[] = [];
    this.#pods.set(uid, pods);
    const exists = () => !this.#isClosed && this.#store.get("jobs", name)?.metadata.uid === uid;
    const status = (change: Record<string, unknown>) => {
      if (exists())
        this.#store.change("jobs", name, (stored) => {
          stored.status = { ...stored.status, ...change };
        });
    };
    this.#store.change("jobs", name, (stored) => {
      stored.spec.selector = { matchLabels: { "batch.kubernetes.io/controller-uid": uid } };
    });
    status({ startTime: now(), active: 1 });
    const work = this.#attempts(job, pods, exists, status);
    const end = await Promise.race([work, deadlineOf(spec)]);
    if (end?.reason === "DeadlineExceeded") await Promise.all(pods.map((pod) => pod.delete()));
    if (end === undefined) return;
    const time = now();
    const early = end.type === "Complete" ? "SuccessCriteriaMet" : "FailureTarget";
    const condition = { ...end, status: "True", lastTransitionTime: time, lastProbeTime: time };
    const done = end.type === "Complete" ? { succeeded: 1, completionTime: time } : {};
    status({ active: 0, ...done, conditions: [{ ...condition, type: early }, condition] });
  }

  async #attempts(
    job: Stored,
    pods: Pod[],
    exists: () => boolean,
    status: (change: Record<string, unknown>) => void,
  ): Promise<JobEnd | undefined> {
    const spec = job.spec as JobSpec;
    for (let failed = 0; exists(); ) {
      const pod = new Pod(this.#store, this.#folder, job);
      pods.push(pod);
      const end = await pod.ended;
      if (!exists()) return undefined;
      if (end.code === 0) return { type: "Complete", reason: "CompletionsReached", message: "" };
      const action = actionFor(spec, end);
      if (action !== "Ignore") failed += 1;
      status({ failed });
      if (action === "FailJob") {
        const message = `Container ${pod.container} for pod default/${pod.name} failed with exit code ${end.code} matching FailJob rule`;
        return { type: "Failed", reason: "PodFailurePolicy", message };
      }
      if (failed > (spec.backoffLimit ?? 6)) {
        const message = "Job has reached the specified backoff limit";
        return { type: "Failed", reason: "BackoffLimitExceeded", message };
      }
      await sleep(retryDelayMs);
    }
    return undefined;
  }
}

function deadlineOf({ activeDeadlineSeconds }: JobSpec): Promise<JobEnd> {
  return new Promise((resolve) => {
    if (activeDeadlineSeconds === undefined) return;
    const message = "Job was active longer than specified deadline";
    const end = { type: "Failed", reason: "DeadlineExceeded", message } as const;
    setTimeout(() => resolve(end), activeDeadlineSeconds * 1_000).unref();
  });
}

/** What the first matching rule of the podFailurePolicy says about a failed Pod. */
function actionFor({ podFailurePolicy }: JobSpec, { code, evicted }: PodEnd): string {
  const rule = podFailurePolicy?.rules.find(({ onExitCodes, onPodConditions }) => {
    if (onPodConditions !== undefined)
      return evicted && onPodConditions.some(({ type }) => type === "DisruptionTarget");
    const listed = onExitCodes?.values.includes(code ?? 0) ?? false;
    return onExitCodes?.operator === "In" ? listed : !listed;
  });
  return rule?.action ?? "Count";
}
