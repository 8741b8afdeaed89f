const verbs = ["create", "delete", "get", "list", "patch", "update", "watch"];

function resources(groupVersion: string, names: Readonly<Record<string, string>>) {
  const list = Object.entries(names).map(([name, kind]) => ({
    name,
    singularName: kind.toLowerCase(),
    namespaced: true,
    kind,
    verbs,
  }));
  return { kind: "APIResourceList", apiVersion: "v1", groupVersion, resources: list };
}

/** The kinds of objects that the stand-in keeps, by the plural name of their resource. */
export const kinds: Readonly<
  Record<string, { readonly apiVersion: string; readonly kind: string }>
> = {
  configmaps: { apiVersion: "v1", kind: "ConfigMap" },
  secrets: { apiVersion: "v1", kind: "Secret" },
  pods: { apiVersion: "v1", kind: "Pod" },
  jobs: { apiVersion: "batch/v1", kind: "Job" },
  cronjobs: { apiVersion: "batch/v1", kind: "CronJob" },
};

function namesOf(apiVersion: string): Record<string, string> {
  const own = Object.entries(kinds).filter(([, one]) => one.apiVersion === apiVersion);
  return Object.fromEntries(own.map(([name, { kind }]) => [name, kind]));
}

/** Helm asks here whether the server itself refuses unknown fields. If not, it would need complete schemas. */
function openApi(group: string, version: string, prefix: string) {
  const parameters = [{ name: "fieldValidation", in: "query", schema: { type: "string" } }];
  const paths = Object.entries(namesOf(group === "" ? version : `${group}/${version}`)).map(
    ([resource, kind]) => [
      `${prefix}/namespaces/{namespace}/${resource}/{name}`,
      {
        patch: {
          parameters,
          "x-kubernetes-group-version-kind": { group, version, kind },
          responses: {},
        },
      },
    ],
  );
  const info = { title: "Kubernetes", version: "v1.35.0" };
  return { openapi: "3.0.0", info, paths: Object.fromEntries(paths), components: { schemas: {} } };
}

const batchVersion = { groupVersion: "batch/v1", version: "v1" };

/** What the server says about itself, by path. */
export const documents: Readonly<Record<string, unknown>> = {
  "/version": { major: "1", minor: "35", gitVersion: "v1.35.0" },
  "/api": { kind: "APIVersions", versions: ["v1"] },
  "/apis": {
    kind: "APIGroupList",
    apiVersion: "v1",
    groups: [{ name: "batch", versions: [batchVersion], preferredVersion: batchVersion }],
  },
  "/api/v1": resources("v1", namesOf("v1")),
  "/apis/batch/v1": resources("batch/v1", namesOf("batch/v1")),
  "/openapi/v3": {
    paths: {
      "api/v1": { serverRelativeURL: "/openapi/v3/api/v1" },
      "apis/batch/v1": { serverRelativeURL: "/openapi/v3/apis/batch/v1" },
    },
  },
  "/openapi/v3/api/v1": openApi("", "v1", "/api/v1"),
  "/openapi/v3/apis/batch/v1": openApi("batch", "v1", "/apis/batch/v1"),
};
