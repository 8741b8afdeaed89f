import type { CliResult } from "../cli.ts";
import type { TestDatabase } from "../database.ts";
import { type Files, history, writeFiles } from "../fleet.ts";
import { createGate, type Gate } from "../gate.ts";
import { createParentChart } from "../helm.ts";
import { createFleet } from "../small-fleet.ts";
import { type Cluster, createCluster } from "./cluster.ts";

/** The application of the tests, with its migrations, in a stand-in for a cluster. */
export interface Shop {
  readonly cluster: Cluster;
  readonly database: TestDatabase;
  /** The database's address, if the Secret contains one at which nothing listens yet. */
  readonly gate: Gate;
  /** Builds a new image: the project with other migrations. */
  build(migrations: Files): Promise<void>;
  /** Installs or upgrades the application to a version, with more options of Helm. */
  upgrade(version: string, ...options: string[]): Promise<CliResult>;
  /** The version of the application that the cluster has, or undefined. */
  version(): string | undefined;
  /** The exit codes of all Pods, in their order. */
  exits(): Promise<(number | undefined)[]>;
  /** Ends the statements `wait`. */
  finish(): Promise<void>;
  /** The number of rows and ledger entries of each tenant, as `rows,entries`. */
  data(): Promise<Record<string, string>>;
}

/** How a scenario ended, for the table. */
interface Row {
  readonly name: string;
  readonly result: string;
  readonly app: string;
  readonly pods: string;
  readonly seconds: number;
}

const rows: Row[] = [];

export interface ShopOptions {
  readonly tenants?: readonly string[];
  /** Whether the Secret contains the address of a gate, which is closed at first. */
  readonly gated?: boolean;
  /** Whether version 1 is installed at first. */
  readonly installed?: boolean;
  /** Whether the Secret exists. */
  readonly secret?: boolean;
}

const initial = { "0000_t": `CREATE TABLE "t" ("n" integer);\nCREATE TABLE "opened" ();` };

/** A statement that takes until `finish` is called, or half a minute. */
export const wait = `DO $$ BEGIN
  FOR i IN 1..600 LOOP
    EXIT WHEN EXISTS (SELECT FROM "opened");
    PERFORM pg_sleep(0.05);
  END LOOP;
END $$;`;

async function createShop({
  tenants = ["acme", "globex"],
  gated = false,
  installed = true,
  secret = true,
}: ShopOptions = {}): Promise<Shop> {
  // The configuration's tenants are others: the chart's values name those that are migrated.
  const url = { environmentVariable: "DATABASE_URI" };
  const proofDatabase = { environmentVariable: "PROOF_DATABASE_URI" };
  const { database, project } = await createFleet({
    tenants: ["unused"],
    migrations: initial,
    // The chart sets how long to wait for the database.
    settings: { databases: { main: { url } }, proofDatabase, connectTimeout: 200 },
  });
  const cluster = await createCluster(project, database.url);
  const gate = await createGate(database.url);
  const parent = await createParentChart();
  const set = (uri: string) => cluster.addSecret("shop-database", { uri });
  const shop: Shop = {
    cluster,
    database,
    gate,
    build: (migrations) =>
      writeFiles(project, history("drizzle/app", { ...initial, ...migrations })),
    upgrade: (version, ...options) =>
      cluster.helm(
        ...["upgrade", "--install", "shop", parent, "--timeout", "30s"],
        ...["--set-string", `version=${version},migrations.image.tag=${version}`],
        ...["--set-json", `migrations.tenants=${JSON.stringify(tenants)}`],
        ...options,
      ),
    version: () => cluster.store.get("configmaps", "shop-app")?.data.version,
    exits: async () => {
      const ends = await Promise.all(cluster.controller.allPods.map(({ ended }) => ended));
      return ends.map(({ code }) => code);
    },
    finish: async () => {
      for (const tenant of tenants)
        await database.query(`INSERT INTO app_${tenant}.opened DEFAULT VALUES`);
    },
    data: () => dataOf(database, tenants),
  };
  if (installed) {
    set(database.url);
    const { code, stderr } = await shop.upgrade("1");
    if (code !== 0) throw new Error(stderr);
    cluster.controller.forget();
  }
  if (!secret) cluster.store.delete("secrets", "shop-database");
  else set(gated ? gate.url : database.url);
  return shop;
}

async function dataOf(database: TestDatabase, tenants: readonly string[]) {
  const data: Record<string, string> = {};
  for (const tenant of tenants) {
    const [counts] = await database.query<{ text: string }>(
      `SELECT (SELECT count(*) FROM app_${tenant}.t) || ',' || (SELECT count(*) FROM app_${tenant}.__fleet_ledger) AS text`,
    );
    data[tenant] = counts?.text ?? "";
  }
  return data;
}

/** Runs a scenario, and adds it to the table when the test has ended. */
export function scenario(name: string, options: ShopOptions, act: (shop: Shop) => Promise<string>) {
  return async () => {
    const shop = await createShop(options);
    const started = performance.now();
    const result = await act(shop);
    const seconds = (performance.now() - started) / 1_000;
    const pods = (await shop.exits()).map((code) => code ?? "-").join(" ");
    rows.push({ name, result, app: shop.version() ?? "-", pods, seconds });
  };
}

/** The scenarios so far, as a table: the version of the application at the end, and the exit codes of the Pods. */
export function scenarioTable(): string {
  const head = ["scenario", "result", "app", "exit codes of pods", "seconds"];
  const lines = rows.map(({ name, result, app, pods, seconds }) => [
    name,
    result,
    app,
    pods,
    seconds.toFixed(1),
  ]);
  const widths = head.map((_, column) =>
    Math.max(...[head, ...lines].map((line) => line[column]?.length ?? 0)),
  );
  return [head, ...lines]
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
