import { describe, expect, test } from "vitest";
import type { FleetInput } from "../../src/config/schema.ts";
import type { Outcome } from "../../src/core/outcome.ts";
import { quoteIdentifier } from "../../src/core/quoting.ts";
import type { RolloutSummary } from "../../src/report/migrate.ts";
import { catalogOf } from "../support/catalog.ts";
import { type CliResult, createProject, runCli } from "../support/cli.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import {
  appFleet,
  configFile,
  contextFor,
  createFolder,
  type Files,
  history,
  migrateAll,
  writeFiles,
} from "../support/fleet.ts";
import { markBegun } from "../support/ledger.ts";

/** Everything that must refer to the tenant's own schema: types, defaults, foreign keys, bodies, triggers. */
const base = {
  "0000_base": `CREATE TYPE "public"."kind" AS ENUM ('a');
--> statement-breakpoint
CREATE SEQUENCE "public"."numbers" START WITH 100;
--> statement-breakpoint
CREATE TABLE "people" ("id" serial PRIMARY KEY, "number" bigint DEFAULT nextval('public.numbers') NOT NULL, "kind" "public"."kind" DEFAULT 'a' NOT NULL);
--> statement-breakpoint
CREATE TABLE "audit" ("person" integer NOT NULL, "kind" "public"."kind" NOT NULL, "place" text NOT NULL);
--> statement-breakpoint
ALTER TABLE "audit" ADD CONSTRAINT "audit_person_fk" FOREIGN KEY ("person") REFERENCES "public"."people"("id") ON DELETE cascade ON UPDATE no action;`,
  "0001_trigger": `CREATE FUNCTION "public"."note"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  before "public"."audit"%ROWTYPE;
BEGIN
  SELECT * INTO before FROM "public"."audit" WHERE "person" = NEW."id";
  INSERT INTO "public"."audit" VALUES (NEW."id", NEW."kind", TG_TABLE_SCHEMA);
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER "people_note" AFTER INSERT ON "public"."people" FOR EACH ROW EXECUTE FUNCTION "public"."note"();`,
  "0002_value": `ALTER TYPE "public"."kind" ADD VALUE 'b';
--> statement-breakpoint
ALTER TABLE "people" ALTER COLUMN "kind" SET DEFAULT 'b';`,
};

const withIndex = {
  ...base,
  "0003_index": `ALTER TABLE "people" ADD COLUMN "note" text;
--> statement-breakpoint
CREATE UNIQUE INDEX CONCURRENTLY "people_number" ON "public"."people" ("number");
--> statement-breakpoint
ALTER TABLE "people" ADD COLUMN "last" "public"."kind"[];`,
};

const words = (text: string) => text.trim().split(/\s+/);

/** Names that PostgreSQL allows for a schema, and that a tenant may have. */
const bareNames = [
  ...words(
    `plain select user table SELECT User default null current_user tenant public_ PG_catalog`,
  ),
  ...words(`acme ACME Acme aCME a.b a-b A.b-C_d app_acme _ _- 2fast 007 1e5 ٣`),
  ...words(`__fleet_ledger __proto__ constructor`),
  ...words(`größe GRÖSSE Straße 日本語 テナント हिन्दी x\u0304 𠮷野家 ı i I İ ﬁ fi`),
  // 63 bytes each, the most that PostgreSQL keeps.
  ...["x".repeat(63), `${"x".repeat(62)}y`, "日".repeat(21), `${"ü".repeat(31)}y`],
  `${"𠮷".repeat(15)}abc`,
];

function projectFor(
  database: TestDatabase,
  tenants: string[],
  tenantSchema: string,
  migrations: Files,
): Promise<string> {
  const service = { schema: "./none", out: "./drizzle/app", database: "main", tenantSchema };
  const fleet: FleetInput = appFleet(database.url, tenants, { services: { app: service } });
  return createProject({
    "drizzle.config.ts": configFile(fleet),
    ...history("drizzle/app", migrations),
  });
}

function summaryOf({ stdout }: CliResult): RolloutSummary {
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
}

/** The SQLSTATEs of the failed targets. */
function sqlstatesOf({ stdout }: CliResult): string[] {
  const events: { type: string; outcome: Outcome }[] = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  return events.flatMap(({ type, outcome }) =>
    type === "targetEnded" ? (outcome.failure?.sqlstate ?? []) : [],
  );
}

/** All schemas except PostgreSQL's own and the control schema. */
async function schemasOf(database: TestDatabase): Promise<string[]> {
  const rows = await database.query<{ name: string }>(
    `SELECT nspname AS name FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'drizzle_fleet')`,
  );
  return rows.map(({ name }) => name).sort();
}

describe("names that are accepted", () => {
  test.each([
    ["the whole schema name", "{tenant}", bareNames],
    [
      "inside a pattern that needs its quotes",
      "My app; {tenant} -- 50% (x) /* [1] */",
      ["plain", "a", "A", "größe", "日本"],
    ],
  ])(
    "migrate each tenant only in its own schema, also after an interruption: %s",
    async (_, pattern, tenants) => {
      const database = await createDatabase();
      const project = await projectFor(database, tenants, pattern, base);
      const schemaOf = (tenant: string) => pattern.replace("{tenant}", tenant);
      const first = await runCli(project, ["migrate", "--json"]);
      expect(first).toMatchObject({ code: 0, stderr: "" });
      expect(summaryOf(first)).toMatchObject({
        targets: tenants.length,
        succeeded: tenants.length,
        applied: 3 * tenants.length,
      });
      expect(await schemasOf(database)).toEqual(["public", ...tenants.map(schemaOf)].sort());

      // Two rows with the same number: the index cannot be built. The trigger must find its table from any search_path.
      for (const schema of tenants.map(schemaOf))
        await database.query(
          `INSERT INTO ${quoteIdentifier(schema)}.people DEFAULT VALUES; INSERT INTO ${quoteIdentifier(schema)}.people (number) VALUES (100)`,
        );
      await writeFiles(project, history("drizzle/app", withIndex));
      const failed = await runCli(project, ["migrate", "--json"]);
      expect(failed.code).toBe(5);
      expect(summaryOf(failed)).toMatchObject({ failed: tenants.length, applied: 0 });
      expect(sqlstatesOf(failed)).toEqual(tenants.map(() => "23505"));

      // As if the runner had died in the middle of every build.
      const begun = withIndex["0003_index"].split(";").slice(0, 2).join(";");
      for (const schema of tenants.map(schemaOf)) {
        const quoted = quoteIdentifier(schema);
        await database.query(
          `DELETE FROM ${quoted}.people WHERE id = 2; CREATE INDEX people_number ON ${quoted}.people (id)`,
        );
        await markBegun(database, schema, "0003_index", begun);
      }
      await database.query(
        `UPDATE pg_index SET indisvalid = false WHERE indexrelid IN (SELECT oid FROM pg_class WHERE relname = 'people_number')`,
      );
      const resumed = await runCli(project, ["migrate", "--json"]);
      expect(resumed).toMatchObject({ code: 0, stderr: "" });
      expect(summaryOf(resumed)).toMatchObject({
        succeeded: tenants.length,
        applied: tenants.length,
      });

      const { code, stdout } = await runCli(project, ["status", "--json"]);
      const reported = JSON.parse(stdout);
      expect({ code, atHead: reported.atHead }).toEqual({ code: 0, atHead: tenants.length });
      expect(reported.targets.map(({ schema }: { schema: string }) => schema)).toEqual(
        tenants.map(schemaOf),
      );

      expect(await schemasOf(database)).toEqual(["public", ...tenants.map(schemaOf)].sort());
      expect(await catalogOf(database, "public")).toEqual([]);
      const ordinary = await catalogOf(database, schemaOf("plain"));
      expect(ordinary).toContain(
        "index people_number CREATE UNIQUE INDEX people_number ON people USING btree (number) valid=t",
      );
      for (const schema of tenants.map(schemaOf)) {
        expect(await catalogOf(database, schema), schema).toEqual(ordinary);
        expect(
          await database.query(`SELECT * FROM ${quoteIdentifier(schema)}.audit`),
          schema,
        ).toEqual([{ person: 1, kind: "b", place: schema }]);
        expect(
          await database.query(
            `SELECT bool_and(applied = statements AND NOT begun) AS whole, count(*)::int AS entries FROM ${quoteIdentifier(schema)}.__fleet_ledger`,
          ),
        ).toEqual([{ whole: true, entries: 4 }]);
      }
    },
  );
});

describe("names that are refused", () => {
  const asTheyAre = [
    ...words(String.raw`a"b a'b a;b a,b a/b ../a a\b a%b a(b) {tenant} $user a$b $$ -a .a .. 😀`),
    ...["a`b", "a b", " a", "a "],
  ];
  // Shown as codes: a terminal would interpret or hide them, or merge them with neighboring characters.
  const asCodes = [
    ...["\n", "\r", "\t", "\0", "\u001b[2J", "\u007f", "\u0085", "\u2028"],
    ...["\u00a0", "\u200b", "\u202e", "\ud800", "e\u0301"],
  ].map((text) => `a${text}b`);
  const notAsSchemas = [
    ...words("pg_x pg_catalog pg_temp information_schema drizzle_fleet"),
    ...["a", "b"].map((last) => `${"x".repeat(63)}${last}`),
    ...["ü".repeat(32), "𠮷".repeat(16)],
  ];

  async function refusalOf(database: TestDatabase, tenants: string[], tenantSchema: string) {
    const service = { schema: "./none", out: "./drizzle/app", database: "main", tenantSchema };
    const root = await createFolder(history("drizzle/app", base));
    const fleet = appFleet(database.url, tenants, { services: { app: service } });
    const attempt = async () => migrateAll(contextFor(root, fleet));
    return attempt().then(
      () => undefined,
      (error: unknown) => error,
    );
  }

  test("are each reported with a remedy, and no other tenant is changed", async () => {
    const database = await createDatabase();
    for (const name of [...asTheyAre, ...asCodes, ...notAsSchemas]) {
      const shown = asCodes.includes(name) ? "\\" : JSON.stringify(name).slice(1, -1);
      expect(await refusalOf(database, ["fine", name], "{tenant}"), name).toMatchObject({
        name: "FleetError",
        code: "config",
        message: expect.stringContaining(shown),
        remedy: expect.stringMatching(/./),
      });
    }
    expect(await schemasOf(database)).toEqual(["public"]);
  });

  test("include two that PostgreSQL would truncate to the same name", async () => {
    const database = await createDatabase();
    // After app_, 59 bytes fit: truncated, the first two names would equal the third.
    const fits = "x".repeat(59);
    const tooLong = (last: string) => ({
      message: `the schema name app_${fits}${last} is 64 bytes long`,
    });
    expect(await refusalOf(database, [`${fits}a`, `${fits}b`, fits], "app_{tenant}")).toMatchObject(
      { name: "FleetError", code: "config", problems: [tooLong("a"), tooLong("b")] },
    );
    expect(await schemasOf(database)).toEqual(["public"]);
  });

  test("include patterns with quotes, dollars, backslashes, control characters, or without exactly one {tenant}", async () => {
    const database = await createDatabase();
    const patterns = [
      ...words(
        String.raw`app'{tenant} app"{tenant} app$1{tenant} app\{tenant} {tenant}{tenant} app`,
      ),
      ...["app\n{tenant}", "app\0{tenant}"],
    ];
    for (const pattern of patterns)
      expect(await refusalOf(database, ["fine"], pattern), pattern).toMatchObject({
        name: "FleetError",
        code: "config",
        where: "services.app.tenantSchema",
      });
    expect(await schemasOf(database)).toEqual(["public"]);
  });

  test("end a command with exit code 2 and no terminal control characters in its output", async () => {
    const database = await createDatabase();
    const project = await projectFor(database, ["fine", ...asCodes], "app_{tenant}", base);
    for (const verb of ["migrate", "status"]) {
      const { code, stdout, stderr } = await runCli(project, [verb]);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toContain("some tenant ids cannot be used");
      expect(stderr).toContain(String.raw`"a\nb" is not allowed`);
      expect(stderr.split("is not allowed")).toHaveLength(asCodes.length + 1);
      expect(stderr.replaceAll("\n", "")).not.toMatch(/\p{C}/u);
    }
    const given = (tenants: string) => runCli(project, ["migrate"], { TENANTS: tenants });
    expect(await given("fine;drop")).toMatchObject({ code: 2, stdout: "" });
    expect(await schemasOf(database)).toEqual(["public"]);
    expect(await given("fine, größe")).toMatchObject({ code: 0 });
    expect(await schemasOf(database)).toEqual(["app_fine", "app_größe", "public"]);
  });
});
