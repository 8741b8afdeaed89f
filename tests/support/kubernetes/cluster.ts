import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type CliResult, run } from "../cli.ts";
import { createFolder } from "../fleet.ts";
import { helm, toolPath } from "../helm.ts";
import { serve } from "./api-server.ts";
import { JobController } from "./job-controller.ts";
import { ObjectStore } from "./objects.ts";

/** A stand-in for a cluster, whose Jobs run on this machine. */
export interface Cluster {
  /** The variables for Helm and kubectl. */
  readonly environment: Record<string, string>;
  readonly store: ObjectStore;
  readonly controller: JobController;
  /** Runs Helm against it. */
  helm(...args: string[]): Promise<CliResult>;
  /** Runs kubectl against it. */
  kubectl(...args: string[]): Promise<CliResult>;
  /** Creates a Secret. */
  addSecret(name: string, values: Readonly<Record<string, string>>): void;
}

/**
 * Starts a stand-in. When the test ends, it is stopped, and so are its Pods.
 *
 * @param folder the content of the image: a project with its migrations
 * @param database the URL of a database in which Helm keeps its releases: Secrets would need protobuf
 */
export async function createCluster(folder: string, database: string): Promise<Cluster> {
  const store = new ObjectStore();
  const controller = new JobController(store, folder);
  const server = await serve(store, controller);
  onTestFinished(async () => {
    await controller.close();
    await server.close();
  });
  // Every namespace has this ConfigMap.
  store.put("configmaps", { metadata: { name: "kube-root-ca.crt" }, data: {} });
  const home = await createFolder({
    config: JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "stand-in", cluster: { server: server.url } }],
      users: [{ name: "test", user: {} }],
      contexts: [{ name: "test", context: { cluster: "stand-in", user: "test" } }],
      "current-context": "test",
    }),
  });
  const environment = {
    KUBECONFIG: join(home, "config"),
    HOME: home,
    HELM_DRIVER: "sql",
    HELM_DRIVER_SQL_CONNECTION_STRING: `${database}?sslmode=disable`,
  };
  return {
    environment,
    store,
    controller,
    helm: (...args) => helm(args, environment),
    kubectl: (...args) => run(home, toolPath("kubectl"), args, environment),
    addSecret: (name, values) => {
      const encoded = Object.entries(values).map(([key, value]) => [
        key,
        Buffer.from(value).toString("base64"),
      ]);
      store.put("secrets", { metadata: { name }, data: Object.fromEntries(encoded) });
    },
  };
}
