import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { kinds } from "./discovery.ts";

/** An object of the Kubernetes API. The store does not know its kind. */
export interface Stored {
  apiVersion?: string;
  kind?: string;
  metadata: {
    name: string;
    namespace?: string;
    uid?: string;
    resourceVersion?: string;
    creationTimestamp?: string;
    deletionTimestamp?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    ownerReferences?: readonly { readonly uid: string }[];
  };
  // biome-ignore lint/suspicious/noExplicitAny: the fields depend on the kind.
  [field: string]: any;
}

/** What a watch reports. */
export interface Change {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly resource: string;
  readonly object: Stored;
}

/** The objects of one namespace, by the plural name of their resource, with a log of all changes for watches. */
export class ObjectStore {
  readonly #objects = new Map<string, Stored>();
  readonly changes: Change[] = [];
  readonly #listeners = new Set<(change: Change) => void>();

  /** The version of the newest change. The version of a change is its place in the log, from 1. */
  get version(): number {
    return this.changes.length;
  }

  get(resource: string, name: string): Stored | undefined {
    return this.#objects.get(`${resource}/${name}`);
  }

  list(resource: string, matches: (object: Stored) => boolean = () => true): Stored[] {
    return [...this.#objects]
      .filter(([key, object]) => key.startsWith(`${resource}/`) && matches(object))
      .map(([, object]) => object);
  }

  /** Creates an object, or replaces one. What the server itself sets is kept. */
  put(resource: string, object: Stored): Stored {
    const { name } = object.metadata;
    const before = this.get(resource, name)?.metadata;
    const metadata = {
      ...object.metadata,
      namespace: "default",
      uid: before?.uid ?? randomUUID(),
      creationTimestamp: before?.creationTimestamp ?? now(),
      resourceVersion: String(this.version + 1),
    };
    const stored: Stored = { ...kinds[resource], ...object, metadata };
    this.#objects.set(`${resource}/${name}`, stored);
    this.#report({
      type: before === undefined ? "ADDED" : "MODIFIED",
      resource,
      object: structuredClone(stored),
    });
    return stored;
  }

  /** Changes an object, if it still exists. */
  change(resource: string, name: string, change: (object: Stored) => void): void {
    const object = this.get(resource, name);
    if (object === undefined) return;
    const copy = structuredClone(object);
    change(copy);
    this.put(resource, copy);
  }

  delete(resource: string, name: string): void {
    const object = this.get(resource, name);
    if (object === undefined) return;
    this.#objects.delete(`${resource}/${name}`);
    const metadata = { ...object.metadata, resourceVersion: String(this.version + 1) };
    this.#report({ type: "DELETED", resource, object: { ...object, metadata } });
  }

  /** Calls a function for every later change. Returns how to stop. */
  listen(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #report(change: Change): void {
    this.changes.push(change);
    for (const listener of this.#listeners) listener(change);
  }
}

/** The current time as Kubernetes writes it. */
export function now(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, "Z");
}

/** Waits until a condition holds, or a signal is aborted. */
export async function until(condition: () => boolean, signal: AbortSignal): Promise<void> {
  while (!condition() && !signal.aborted) await sleep(20);
}
