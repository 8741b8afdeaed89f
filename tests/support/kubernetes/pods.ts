import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { Container, PodTemplateSpec } from "kubernetes-types/core/v1.js";
import { cleanEnvironment } from "../in-process.ts";
import { repository } from "../repository.ts";
import { now, type ObjectStore, type Stored, until } from "./objects.ts";

/** How a Pod ended. */
export interface PodEnd {
  /** The exit code of its container, or undefined if it never started. */
  readonly code: number | undefined;
  readonly evicted: boolean;
}

/** A Pod whose container is a process of this machine: the command line in dist/, instead of the image's entrypoint. */
export class Pod {
  readonly name: string;
  readonly ended: Promise<PodEnd>;
  output = "";
  /** When its process ended, in milliseconds. */
  endedAt = Number.POSITIVE_INFINITY;
  /** When its process started. */
  startedAt = Number.POSITIVE_INFINITY;
  #child: ChildProcess | undefined;
  #evicted = false;
  readonly #deleted = new AbortController();
  readonly #store: ObjectStore;
  readonly #folder: string;
  readonly #template: PodTemplateSpec;

  constructor(store: ObjectStore, folder: string, job: Stored) {
    this.#store = store;
    this.#folder = folder;
    this.#template = job.spec.template;
    const { name, uid = "" } = job.metadata;
    this.name = `${name}-${randomBytes(3).toString("hex")}`;
    const labels = {
      ...this.#template.metadata?.labels,
      "job-name": name,
      "batch.kubernetes.io/job-name": name,
      "batch.kubernetes.io/controller-uid": uid,
    };
    store.put("pods", {
      metadata: {
        name: this.name,
        labels,
        ownerReferences: [{ uid }],
      },
      spec: this.#template.spec,
      status: { phase: "Pending", startTime: now() },
    });
    this.ended = this.#run();
  }

  /** The name of its container. */
  get container(): string {
    return this.#template.spec?.containers[0]?.name ?? "";
  }

  /** Whether its process is running. */
  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && !this.#child.killed;
  }

  /** Ends it as Kubernetes does: SIGTERM, and after the grace period SIGKILL. Then it is removed from the store. */
  async delete(): Promise<void> {
    if (this.#deleted.signal.aborted) return;
    this.#deleted.abort();
    this.#store.change("pods", this.name, ({ metadata }) => {
      metadata.deletionTimestamp = now();
    });
    await this.#terminate();
    this.#store.delete("pods", this.name);
  }

  /** Ends it as a node does that is drained. */
  async evict(): Promise<void> {
    this.#evicted = true;
    await this.#terminate();
  }

  kill(): void {
    this.#deleted.abort();
    this.#child?.kill("SIGKILL");
  }

  async #terminate(): Promise<void> {
    const seconds = this.#template.spec?.terminationGracePeriodSeconds ?? 30;
    this.#child?.kill("SIGTERM");
    const timer = setTimeout(() => this.#child?.kill("SIGKILL"), seconds * 1_000);
    await this.ended;
    clearTimeout(timer);
  }

  async #run(): Promise<PodEnd> {
    const [container] = this.#template.spec?.containers ?? [];
    if (container === undefined) throw new Error("a Pod without a container");
    const environment = await this.#environment(container);
    if (environment === undefined) return { code: undefined, evicted: this.#evicted };
    this.#status({ phase: "Running" }, { running: { startedAt: now() } });
    const program = join(repository, "dist/cli/bin.js");
    const child = spawn(process.execPath, [program, ...(container.args ?? [])], {
      cwd: this.#folder,
      env: cleanEnvironment(environment),
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    this.startedAt = performance.now();
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk) => {
        this.output += chunk;
      });
    const code = await new Promise<number>((resolve) => {
      child.on("close", (exitCode) => resolve(exitCode ?? 137));
    });
    this.endedAt = performance.now();
    const phase = code === 0 ? "Succeeded" : "Failed";
    this.#status({ phase }, { terminated: { exitCode: code, finishedAt: now() } });
    return { code, evicted: this.#evicted };
  }

  /** The variables of the container. A Pod whose Secret is missing waits until it exists, or the Pod is deleted. */
  async #environment(container: Container): Promise<Record<string, string> | undefined> {
    const missing = () => variablesOf(this.#store, container).missing;
    if (missing() !== undefined)
      this.#status(
        { phase: "Pending" },
        { waiting: { reason: "CreateContainerConfigError", message: missing() } },
      );
    await until(() => missing() === undefined, this.#deleted.signal);
    return this.#deleted.signal.aborted ? undefined : variablesOf(this.#store, container).variables;
  }

  #status(status: Record<string, unknown>, state: Record<string, unknown>): void {
    this.#store.change("pods", this.name, (pod) => {
      const disrupted = [{ type: "DisruptionTarget", status: "True" }];
      pod.status = {
        ...pod.status,
        ...status,
        ...(this.#evicted ? { conditions: disrupted } : {}),
        containerStatuses: [{ name: this.container, state, ready: false, restartCount: 0 }],
      };
    });
  }
}

/** The variables in `env` and `envFrom`, and the first Secret or key that is missing. */
function variablesOf(store: ObjectStore, { env = [], envFrom = [] }: Container) {
  const variables: Record<string, string> = {};
  const absent: string[] = [];
  const valuesOf = (resource: string, name = "", optional = false): Record<string, string> => {
    const object = store.get(resource, name);
    if (object === undefined && !optional) absent.push(`${resource} "${name}" not found`);
    const data: Record<string, string> = object?.data ?? {};
    if (resource === "configmaps") return data;
    const decode = (text: string) => Buffer.from(text, "base64").toString("utf8");
    const decoded = Object.entries(data).map(([key, text]) => [key, decode(text)]);
    return { ...Object.fromEntries(decoded), ...object?.stringData };
  };
  for (const { secretRef, configMapRef } of envFrom) {
    if (secretRef)
      Object.assign(variables, valuesOf("secrets", secretRef.name, secretRef.optional));
    if (configMapRef)
      Object.assign(variables, valuesOf("configmaps", configMapRef.name, configMapRef.optional));
  }
  for (const { name, value, valueFrom } of env) {
    const { secretKeyRef: secret, configMapKeyRef: map } = valueFrom ?? {};
    const reference = secret ?? map;
    const found =
      reference === undefined
        ? (value ?? "")
        : valuesOf(secret ? "secrets" : "configmaps", reference.name, reference.optional)[
            reference.key
          ];
    if (found !== undefined) variables[name] = found;
    else if (reference?.optional !== true) absent.push(`couldn't find key ${reference?.key}`);
  }
  return { variables, missing: absent[0] };
}
