import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { chart, createParentChart, helm, manifests, render } from "../support/helm.ts";
import { problemOfFleet } from "../support/known-commands.ts";
import { typeErrors } from "../support/kubernetes-types.ts";
import { repository } from "../support/repository.ts";

const image = ["--set", "image.repository=registry.example.com/shop/migrations,image.tag=1.0"];
const database = ["--set", "databases[0].existingSecret=shop-database"];

/** Options that use every value of the chart. */
const everything = [
  ...image,
  ...database,
  ...["--set", `image.digest=sha256:${"a".repeat(64)}`],
  ...["--set", "imagePullSecrets[0].name=registry"],
  ...["--set-json", 'command=["node", "cli.js"]'],
  ...["--set-json", 'args=["--canary", "5"]'],
  ...["--set-json", 'tenants=["acme", "042"]'],
  ...["--set-json", 'extraEnv=[{ "name": "NODE_OPTIONS", "value": "--max-old-space-size=256" }]'],
  ...["--set-json", 'envFrom=[{ "secretRef": { "name": "more" } }]'],
  ...["--set", "secretsDir.existingSecret=files"],
  ...["--set", "activeDeadlineSeconds=3600,terminationGracePeriodSeconds=120"],
  ...["--set", "serviceAccountName=migrator,priorityClassName=high"],
  ...["--set-string", "podLabels.sidecar\\.istio\\.io/inject=false"],
  ...["--set-json", 'nodeSelector={ "pool": "jobs" }'],
  ...["--set-json", 'tolerations=[{ "key": "pool", "operator": "Exists" }]'],
  ...["--set-json", 'affinity={ "nodeAffinity": {} }'],
  ...["--set-json", 'extraVolumes=[{ "name": "ca", "configMap": { "name": "ca" } }]'],
  ...["--set-json", 'extraVolumeMounts=[{ "name": "ca", "mountPath": "/ca", "readOnly": true }]'],
  ...["--set", "drift.enabled=true,drift.schedule=@hourly,drift.timeZone=Europe/Berlin"],
  ...["--set-json", 'drift.args=["--against", "majority", "--service", "auth"]'],
  ...["--set", "drift.backoffLimit=0,drift.activeDeadlineSeconds=600"],
  ...["--set", "drift.startingDeadlineSeconds=null,drift.failedJobsHistoryLimit=1"],
];

const variants: Readonly<Record<string, readonly string[]>> = {
  hook: [...image, ...database],
  argocd: [...image, ...database, "--set", "mode=argocd,hooks.weight=-1,drift.enabled=true"],
  job: [...image, ...database, "--set", "mode=job"],
  "init-container": [...image, ...database, "--set", "mode=initContainer"],
  production: ["--values", join(chart, "values-production.yaml")],
  everything,
};

describe.each(Object.entries(variants))("%s", (name, options) => {
  test("passes helm lint", async () => {
    const linted = await helm(["lint", "--strict", chart, ...options]);
    expect(linted, linted.stdout).toMatchObject({ code: 0 });
  });

  test("is rendered as before, from fields that Kubernetes has", async () => {
    const text = await render(chart, ...options);
    await expect(text).toMatchFileSnapshot(`rendered/${name}.yaml`);
    expect(typeErrors(manifests(text))).toEqual([]);
    await expectKnownArguments(text);
  });
});

/** Expects the arguments of every container of drizzle-fleet to be a command line that it accepts. */
async function expectKnownArguments(text: string): Promise<void> {
  const lines = [...text.matchAll(/^ *args: (\[.*\])$/gm)].map(([, json = ""]) => json);
  for (const line of lines) expect(await problemOfFleet(JSON.parse(line)), line).toBeUndefined();
}

test("a misspelt field in a template is a type error", async () => {
  const text = await render(chart, ...image);
  const misspelt = text.replaceAll("backoffLimit: 3", "backofLimit: 3");
  expect(misspelt).not.toBe(text);
  expect(typeErrors(manifests(misspelt))).toEqual([
    expect.stringContaining("backofLimit"),
    expect.stringContaining("backofLimit"),
  ]);
  const mistyped = text.replaceAll("backoffLimit: 3", 'backoffLimit: "3"');
  expect(typeErrors(manifests(mistyped))[0]).toContain("not assignable to type 'number'");
});

describe("values are refused", () => {
  test.each([
    [["--set", "backofLimit=3"], "additional properties 'backofLimit' not allowed"],
    [["--set", "image.name=x"], "additional properties 'name' not allowed"],
    [["--set", "hooks.instal=none"], "additional properties 'instal' not allowed"],
    [["--set", "mode=hooks"], "at '/mode'"],
    [["--set", "image.tag=latest"], "at '/image/tag': 'not' failed"],
    [["--set", "image.digest=sha256:1"], "at '/image/digest'"],
    [["--set", "databases[0].key=uri"], "missing property 'existingSecret'"],
    [["--set", "databases[0].existingSecret=s,databases[0].keys.A-B=c"], "'A-B'"],
    [
      ["--set", "databases[0].existingSecret=s,databases[0].key=a,databases[0].keys.B=c"],
      "at '/databases/0'",
    ],
    [["--set", "tenants[0]=a b"], "at '/tenants/0'"],
    [["--set", "tenants[0]=42"], "at '/tenants/0': got number, want string"],
    [["--set", "waitForDatabase=2 minutes"], "at '/waitForDatabase'"],
    [["--set", "terminationGracePeriodSeconds=10"], "at '/terminationGracePeriodSeconds'"],
    [["--set", "drift.shedule=@daily"], "additional properties 'shedule' not allowed"],
    [["--set", "drift.schedule=0 5 * *"], "at '/drift/schedule'"],
    [["--set", "drift.schedule=TZ=UTC 5 * * *"], "at '/drift/schedule'"],
    [["--set", "image.tag="], "image.tag and image.digest are not set"],
    [["--set", "image.repository="], "image.repository is not set"],
  ])("%j", async (options, message) => {
    await expect(render(chart, ...image, ...options)).rejects.toThrow(message);
  });
});

test("the schema knows the values of the chart, and no others", async () => {
  const values = parse(await readFile(join(chart, "values.yaml"), "utf8"));
  const schema = JSON.parse(await readFile(join(chart, "values.schema.json"), "utf8"));
  const compare = (value: Record<string, unknown>, { properties }: typeof schema): void => {
    const own = Object.keys(properties).filter((name) => name !== "global");
    expect(own.sort()).toEqual(Object.keys(value).sort());
    for (const name of own)
      if (properties[name].additionalProperties === false)
        compare(value[name] as Record<string, unknown>, properties[name]);
  };
  compare(values, schema);
});

test("the README's table matches values.yaml, and its version that of the package", async () => {
  execFileSync(process.execPath, [join(repository, "scripts/chart-readme.mjs"), "--check"]);
  const { version } = JSON.parse(await readFile(join(repository, "package.json"), "utf8"));
  const { appVersion } = parse(await readFile(join(chart, "Chart.yaml"), "utf8"));
  expect(appVersion).toBe(version);
});

describe("as the dependency `migrations` of an application's chart", () => {
  test("it takes its values from `migrations`", async () => {
    const parent = await createParentChart(true);
    const objects = manifests(await render(parent, "--set", "global.region=eu"));
    expect(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort()).toEqual([
      "ConfigMap shop-app",
      "CronJob shop-migrations-manual",
      "Job shop-migrations",
    ]);
    const job = objects.find(({ kind }) => kind === "Job");
    expect(job?.spec.template.spec.containers[0].env).toContainEqual({
      name: "TENANTS",
      value: "acme,globex",
    });
    const others = manifests(await render(parent, "--set", "migrations.enabled=false"));
    expect(others.map(({ kind }) => kind)).toEqual(["ConfigMap"]);
    await expect(render(parent, "--set", "migrations.tenant=a")).rejects.toThrow("'tenant'");
  });

  test("the application's Pods can wait for the migrations", async () => {
    const parent = await createParentChart();
    const options = ["--set", "waitForMigrations=true,migrations.mode=initContainer"];
    const secret = ["--set", "migrations.secretsDir.existingSecret=files"];
    const text = await render(parent, ...options, ...secret);
    await expect(text).toMatchFileSnapshot("rendered/parent-chart.yaml");
    const objects = manifests(text);
    expect(typeErrors(objects)).toEqual([]);
    expect(objects.map(({ kind }) => kind)).not.toContain("Job");
    const pod = objects.find(({ kind }) => kind === "Deployment")?.spec.template.spec;
    expect(pod.initContainers[0].args).toEqual(["wait", "--timeout", "10m"]);
    await expectKnownArguments(text);
    expect(pod.volumes.map(({ name }: { name: string }) => name)).toEqual([
      ...pod.initContainers[0].volumeMounts.map(({ name }: { name: string }) => name),
    ]);
  });
});

test("each revision has its own Job in the mode `job`, and hooks none", async () => {
  const job = async (...options: string[]) =>
    manifests(await render(chart, ...image, ...options)).find(({ kind }) => kind === "Job");
  const named = await job("--set", "mode=job");
  expect(named?.metadata).toMatchObject({ name: "shop-drizzle-fleet-1" });
  expect(named?.metadata).not.toHaveProperty("annotations");
  const hooks = async (install: string) =>
    (await job("--set", `hooks.install=${install}`))?.metadata.annotations?.["helm.sh/hook"];
  expect(await hooks("post-install")).toBe("post-install,pre-upgrade");
  expect(await hooks("none")).toBe("pre-upgrade");
});
