// drizzle-multitenant's command line, the other published tool for schemas per tenant. Nothing of it is installed with
// drizzle-fleet: the benchmark installs it into a temporary folder when it is asked to.
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runNode } from "./measure.mjs";

const version = "1.3.5";

// Read before the benchmark moves its files to memory, so that what is installed stays for the next run.
const cache = tmpdir();

/**
 * Installs drizzle-multitenant, unless an earlier run has.
 *
 * @returns its program
 */
export function installMultitenant() {
  // The same versions of what it uses as the other ways have.
  const shared = ["drizzle-orm", "pg"].map((name) => `${name}@${installedVersion(name)}`);
  const names = [`drizzle-multitenant@${version}`, ...shared];
  const folder = join(cache, `drizzle-fleet-bench-${names.join("-")}`);
  if (!existsSync(folder)) {
    const fresh = mkdtempSync(`${folder}-`);
    writeFileSync(join(fresh, "package.json"), "{}");
    execFileSync("npm", ["install", "--no-save", "--ignore-scripts", ...names], { cwd: fresh });
    renameSync(fresh, folder);
  }
  return join(folder, "node_modules/drizzle-multitenant/bin/drizzle-multitenant.js");
}

function installedVersion(name) {
  const file = new URL(`../../node_modules/${name}/package.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")).version;
}

/** Migrates all tenants by drizzle-multitenant, whose `migrate` expects their schemas to exist. */
export function migrateByMultitenant(program, { root, url, tenants, prefix, connections }) {
  // A folder of its own, because it also reads the drizzle.config.ts of the current one.
  const cwd = join(root, "multitenant");
  mkdirSync(cwd, { recursive: true });
  const text = `export default {
  connection: { url: ${JSON.stringify(url)} },
  isolation: { strategy: "schema", schemaNameTemplate: (id) => ${JSON.stringify(prefix)} + id },
  schemas: { tenant: {} },
  migrations: { folder: "../drizzle", tenantDiscovery: async () => ${JSON.stringify(tenants)} },
};
`;
  writeFileSync(join(cwd, "tenant.config.mjs"), text);
  return runNode([program, "migrate", "--all", `--concurrency=${connections}`], { cwd });
}
