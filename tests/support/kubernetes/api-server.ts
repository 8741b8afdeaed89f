import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { parse } from "yaml";
import { documents, kinds } from "./discovery.ts";
import type { Change, ObjectStore, Stored } from "./objects.ts";

/** Requests that have an effect beyond the store. */
export interface Controller {
  /** The output of a Pod's container. */
  log(pod: string): string;
  /** Deletes a Job and, sooner or later, its Pods. */
  deleteJob(name: string, propagation: string): void;
}

/** The parts of a request that the stand-in looks at. */
interface Call {
  readonly method: string;
  readonly resource: string;
  readonly name: string | undefined;
  readonly log: boolean;
  readonly query: URLSearchParams;
  readonly body: string;
}

const path = /^\/(?:api|apis\/batch)\/v1\/namespaces\/default\/(\w+)(?:\/([^/]+))?(\/log)?$/;

/** An answer that is not a success, as Kubernetes writes it. */
class Refusal extends Error {
  readonly code: number;
  readonly reason: string;

  constructor(code: number, reason: string, message: string) {
    super(message);
    this.code = code;
    this.reason = reason;
  }
}

/**
 * Serves as much of the Kubernetes API as Helm 4 and kubectl use for the chart: discovery, objects of one namespace,
 * watches and the logs of Pods, without TLS and authentication.
 */
export async function serve(store: ObjectStore, controller: Controller) {
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      const { code, reason, message } =
        error instanceof Refusal ? error : new Refusal(500, "InternalError", String(error));
      const status = { kind: "Status", apiVersion: "v1", status: "Failure", message, reason, code };
      send(response, status, code);
    });
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://localhost");
    const document = documents[url.pathname];
    if (document !== undefined) return send(response, document);
    const [, resource = "", name, log] = path.exec(url.pathname) ?? [];
    if (kinds[resource] === undefined)
      throw new Refusal(404, "NotFound", `the server could not find ${url.pathname}`);
    const call: Call = {
      method: request.method ?? "GET",
      resource,
      name,
      log: log !== undefined,
      query: url.searchParams,
      body: await text(request),
    };
    if (call.log) return void response.end(controller.log(call.name ?? ""));
    if (call.query.get("watch") === "true" || call.query.get("watch") === "1")
      return watch(store, call, response);
    send(response, handle(call), call.method === "POST" ? 201 : 200);
  }

  function handle(call: Call): unknown {
    const { method, resource, name } = call;
    if (method === "GET" && name === undefined) return listOf(store, call);
    if (method === "POST") return create(resource, parse(call.body));
    const object = store.get(resource, name ?? "");
    if (method === "PATCH") return apply(resource, object, parse(call.body));
    if (object === undefined) throw new Refusal(404, "NotFound", `${resource} "${name}" not found`);
    if (method === "GET") return object;
    if (method === "PUT") return apply(resource, object, parse(call.body));
    if (method !== "DELETE") throw new Refusal(405, "MethodNotAllowed", method);
    if (resource === "jobs") controller.deleteJob(object.metadata.name, propagationOf(call));
    else store.delete(resource, object.metadata.name);
    return { kind: "Status", apiVersion: "v1", status: "Success" };
  }

  function create(resource: string, object: Stored): Stored {
    const { name } = object.metadata;
    if (store.get(resource, name) !== undefined)
      throw new Refusal(409, "AlreadyExists", `${resource} "${name}" already exists`);
    return store.put(resource, object);
  }

  /** Replaces what the request names. Other fields are kept, as those of another owner would be. */
  function apply(resource: string, before: Stored | undefined, object: Stored): Stored {
    const template = JSON.stringify(before?.spec?.template);
    if (resource === "jobs" && before && template !== JSON.stringify(object.spec?.template))
      throw new Refusal(422, "Invalid", `Job "${before.metadata.name}": field is immutable`);
    const metadata = { ...before?.metadata, ...object.metadata };
    return store.put(resource, { ...before, ...object, metadata });
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function send(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

function propagationOf({ query, body }: Call): string {
  const { propagationPolicy } = body === "" ? {} : parse(body);
  return propagationPolicy ?? query.get("propagationPolicy") ?? "Background";
}

/** Whether an object matches the selectors of a request. */
function selects({ query }: Call, { metadata }: Stored): boolean {
  const pairs = (name: string) =>
    (query.get(name) ?? "")
      .split(",")
      .filter((text) => text !== "")
      .map((text) => text.split(/==?/) as [string, string]);
  return (
    pairs("labelSelector").every(([label, value]) => metadata.labels?.[label] === value) &&
    pairs("fieldSelector").every(
      ([field, value]) => field !== "metadata.name" || metadata.name === value,
    )
  );
}

function listOf(store: ObjectStore, call: Call) {
  const { apiVersion, kind } = kinds[call.resource] ?? { apiVersion: "v1", kind: "" };
  const items = store.list(call.resource, (object) => selects(call, object));
  const metadata = { resourceVersion: String(store.version) };
  return { kind: `${kind}List`, apiVersion, metadata, items };
}

function watch(store: ObjectStore, call: Call, response: ServerResponse): void {
  response.writeHead(200, { "content-type": "application/json" });
  const write = (type: string, object: unknown) =>
    response.write(`${JSON.stringify({ type, object })}\n`);
  const report = ({ type, resource, object }: Change) => {
    if (resource === call.resource && selects(call, object)) write(type, object);
  };
  if (call.query.get("sendInitialEvents") === "true") {
    for (const object of listOf(store, call).items) write("ADDED", object);
    const annotations = { "k8s.io/initial-events-end": "true" };
    const metadata = { resourceVersion: String(store.version), annotations };
    write("BOOKMARK", { ...kinds[call.resource], metadata });
  } else
    for (const change of store.changes.slice(Number(call.query.get("resourceVersion") ?? 0)))
      report(change);
  const stop = store.listen(report);
  response.on("close", stop);
}
