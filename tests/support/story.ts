import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { drizzle, type NodePgDatabase } from "drizzle-orm/node-postgres";
import pg from "pg";
import { expect, onTestFinished } from "vitest";
import { type CliResult, createProject, type Installed, runCli } from "./cli.ts";
import { createDatabase, type TestDatabase } from "./database.ts";
import { appFleet, configFile, type Files, writeFiles } from "./fleet.ts";

/** The tables that a release declares. */
// biome-ignore lint/suspicious/noExplicitAny: the schema is a file that the test writes
type Tables = any;

/** What a release does with its tables, in one tenant: it must not fail. */
export type Queries = (database: NodePgDatabase, tables: Tables) => Promise<unknown>;

/** A release of the application: its Drizzle schema, and its queries. */
export interface Release {
  readonly schema: string;
  readonly queries: Queries;
}

const tenants = ["acme", "globex"];

const imports =
  'import { integer, numeric, pgEnum, pgTable, serial, text, varchar } from "drizzle-orm/pg-core";\n';

/** A project whose schema changes from release to release while the application runs. */
export class Story {
  readonly project: string;
  readonly database: TestDatabase;
  readonly #releases: Readonly<Record<string, Release>>;
  /** One connection in each tenant, as long as the application runs. */
  readonly #clients: pg.Client[] = [];
  #imported = 0;

  private constructor(
    project: string,
    database: TestDatabase,
    releases: Readonly<Record<string, Release>>,
  ) {
    this.project = project;
    this.database = database;
    this.#releases = releases;
  }

  /** Generates and applies the first release's migration. */
  static async begin(
    releases: Readonly<Record<string, Release>>,
    installed: Installed = "journal",
  ): Promise<Story> {
    const database = await createDatabase();
    const [first = ""] = Object.keys(releases);
    const fleet = appFleet(database.url, tenants);
    const project = await createProject({ "drizzle.config.ts": configFile(fleet) }, installed);
    const story = new Story(project, database, releases);
    for (const tenant of tenants) story.#clients.push(await connect(database.url, tenant));
    await story.write(first);
    await story.run("generate app --name init --no-proof");
    await story.run("migrate");
    await story.works(first);
    return story;
  }

  /** Changes the Drizzle schema to that of a release. */
  async write(release: string): Promise<void> {
    const { schema = "" } = this.#releases[release] ?? {};
    await writeFiles(this.project, { "schema/index.ts": `${imports}${schema}` });
  }

  /** Replaces the text of files in the migrations folder. */
  async edit(files: Files): Promise<void> {
    const own = Object.entries(files).map(([name, text]) => [`drizzle/app/${name}`, text]);
    await writeFiles(this.project, Object.fromEntries(own));
  }

  /** Runs a command that must succeed. */
  async run(command: string): Promise<CliResult> {
    const result = await runCli(this.project, command.split(" "));
    expect(result, `${command}\n${result.stdout}${result.stderr}`).toMatchObject({ code: 0 });
    return result;
  }

  /** Runs the queries of releases in each tenant, one release after the other; the first one once more. */
  async works(...names: string[]): Promise<void> {
    for (const name of [...names, ...(names.length > 1 ? names.slice(0, 1) : [])])
      await this.#queries(name);
  }

  /** Expects that a release's queries fail: what the others do could not show a missing column otherwise. */
  async breaks(name: string, message: RegExp): Promise<void> {
    const failure = await this.#queries(name).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Error);
    const { message: text, cause } = failure as Error;
    expect(`${text} ${cause instanceof Error ? cause.message : ""}`).toMatch(message);
  }

  /** Makes every migration so far as if it had been applied some days ago. */
  async wait(days: number): Promise<void> {
    for (const tenant of tenants)
      await this.database.query(
        `UPDATE app_${tenant}.__fleet_ledger SET applied_at = applied_at - interval '${days} days'`,
      );
  }

  async #queries(name: string): Promise<void> {
    const { schema = "", queries } = this.#releases[name] ?? {};
    this.#imported += 1;
    const file = `release-${this.#imported}.ts`;
    await writeFiles(this.project, { [file]: `${imports}${schema}` });
    const tables = await import(pathToFileURL(join(this.project, file)).href);
    for (const client of this.#clients) await queries?.(drizzle(client), tables);
  }
}

async function connect(url: string, tenant: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    options: `-c search_path=app_${tenant}`,
  });
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

/** The text of a migration without marks and comments. */
export function statementsIn(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.replace(/--.*$/, "").trim())
    .filter(Boolean);
}

/** Reads a migration of a story. */
export async function migrationText(story: Story, tag: string): Promise<string> {
  const { readFile } = await import("node:fs/promises");
  return readFile(join(story.project, `drizzle/app/${tag}.sql`), "utf8");
}
