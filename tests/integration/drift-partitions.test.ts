import { expect, test } from "vitest";
import { readProperties } from "../../src/catalog/properties.ts";
import { withAddedPartitions } from "../../src/drift/partitions.ts";
import { withSession } from "../../src/postgres/session.ts";
import { createDatabase } from "../support/database.ts";
import { differencesBetween } from "../support/differences.ts";

/** What migrations create: partitioned tables with a part of every kind, and one partition. */
const migrated = `CREATE TYPE "kind" AS ENUM ('a', 'b');
CREATE TABLE "users" ("id" integer PRIMARY KEY);
CREATE FUNCTION "touch"() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE "events" ("id" bigint GENERATED ALWAYS AS IDENTITY, "at" date NOT NULL DEFAULT now(), "user_id" integer REFERENCES "users",
  "kind" "kind" DEFAULT 'a', "n" integer CONSTRAINT "positive" CHECK ("n" > 0), "twice" integer GENERATED ALWAYS AS ("n" * 2) STORED,
  CONSTRAINT "events_key" UNIQUE ("id", "at")) PARTITION BY RANGE ("at");
CREATE INDEX "events_at" ON "events" ("at" DESC) WHERE "n" > 3;
CREATE STATISTICS "events_kinds" ON "kind", "n" FROM "events";
CREATE TRIGGER "touched" BEFORE INSERT ON "events" FOR EACH ROW EXECUTE FUNCTION "touch"();
CREATE TRIGGER "seen" AFTER INSERT ON "events" EXECUTE FUNCTION "touch"();
ALTER TABLE "events" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "own" ON "events" USING ("user_id" > 0);
COMMENT ON COLUMN "events"."n" IS 'how many';
CREATE TABLE "events_first" PARTITION OF "events" FOR VALUES FROM ('2000-01-01') TO ('2001-01-01');
ALTER TABLE "events_first" ENABLE ROW LEVEL SECURITY;
CREATE TABLE "notes" ("event" bigint, "at" date, FOREIGN KEY ("event", "at") REFERENCES "events" ("id", "at"));
GRANT SELECT, INSERT ON "events" TO pg_monitor;`;

/** What maintenance adds: a partition made at once, one made like its parent and attached, a default, and partitions of one. */
const maintained = `CREATE TABLE events_p2026_01 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
GRANT SELECT ON events_p2026_01 TO pg_monitor;
CREATE TABLE events_p2026_02 (LIKE events INCLUDING ALL EXCLUDING IDENTITY) WITH (autovacuum_vacuum_scale_factor = 0.01);
ALTER TABLE events ATTACH PARTITION events_p2026_02 FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
CREATE TABLE "events_P2026 03" PARTITION OF events FOR VALUES FROM ('2026-03-01') TO ('2026-04-01') PARTITION BY HASH (id);
CREATE TABLE events_p2026_03_a PARTITION OF "events_P2026 03" FOR VALUES WITH (MODULUS 1, REMAINDER 0);
CREATE TABLE events_default PARTITION OF events DEFAULT;
DO $$ DECLARE name text; BEGIN
  FOR name IN SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent IN ('events'::regclass, '"events_P2026 03"'::regclass) LOOP
    EXECUTE 'ALTER TABLE ' || name || ' ENABLE ROW LEVEL SECURITY'; END LOOP; END $$;
CREATE POLICY own ON events_p2026_01 USING (user_id > 0)`;

/** Compares a tenant with the maintained partitions, after a change, with a schema as migrations create it. */
async function differencesAfter(change: string) {
  const database = await createDatabase();
  for (const schema of ["expected", "found"])
    await database.query(`CREATE SCHEMA ${schema}; SET search_path = ${schema}; ${migrated}`);
  for (const statement of `${maintained};${change}`.split(/;\n/)) await database.query(statement);
  return withSession({ name: "main", url: database.url }, { waitMs: 5_000 }, async (session) => {
    const all = await readProperties(session, [{ schema: "expected" }, { schema: "found" }]);
    const [expected, found] = [all.get("expected") ?? [], all.get("found") ?? []];
    return differencesBetween(withAddedPartitions(expected, found), found);
  });
}

test.each([
  "SELECT 1",
  "ALTER TABLE events_p2026_01 SET (fillfactor = 50)",
  "REVOKE ALL ON events_p2026_01 FROM pg_monitor",
  "ALTER TABLE events_p2026_01 ALTER n SET STATISTICS 7",
  "ALTER TABLE events DETACH PARTITION events_p2026_02; DROP TABLE events_p2026_02",
  "CREATE TABLE events_p2027_01 PARTITION OF events FOR VALUES FROM ('2027-01-01') TO ('2027-02-01'); ALTER TABLE events_p2027_01 ENABLE ROW LEVEL SECURITY",
])("added partitions are not drift: %s", async (change) => {
  expect(await differencesAfter(change)).toEqual([]);
});

test.each([
  [
    "ALTER TABLE events_p2026_01 DISABLE ROW LEVEL SECURITY",
    "table events_p2026_01",
    "row level security",
  ],
  [
    "ALTER TABLE events_p2026_03_a DISABLE ROW LEVEL SECURITY",
    "table events_p2026_03_a",
    "row level security",
  ],
  ["GRANT DELETE ON events_p2026_01 TO pg_monitor", "table events_p2026_01", "privileges"],
  ["GRANT SELECT ON events_default TO PUBLIC", "table events_default", "privileges"],
  [
    "GRANT SELECT ON events_p2026_01 TO pg_monitor WITH GRANT OPTION",
    "table events_p2026_01",
    "privileges",
  ],
  ["GRANT SELECT (n) ON events_p2026_01 TO PUBLIC", "column events_p2026_01.n", "privileges"],
  ["ALTER TABLE events_p2026_02 OWNER TO pg_monitor", "table events_p2026_02", "owner"],

  [
    "ALTER TABLE events_p2026_02 REPLICA IDENTITY NOTHING",
    "table events_p2026_02",
    "replica identity",
  ],
  ["CREATE PUBLICATION leak FOR TABLE events_p2026_02", "table events_p2026_02", "publications"],
  [
    "ALTER TABLE events_p2026_01 ALTER kind SET DEFAULT 'b'",
    "column events_p2026_01.kind",
    "default",
  ],
  ["ALTER TABLE events_p2026_01 ALTER n SET NOT NULL", "column events_p2026_01.n", "not null"],
  ["COMMENT ON TABLE events_p2026_01 IS 'x'", "table events_p2026_01", "comment"],
  [
    "ALTER TABLE events_p2026_01 DISABLE TRIGGER touched",
    "trigger events_p2026_01.touched",
    "state",
  ],
  ["ALTER POLICY own ON events_p2026_01 USING (true)", "policy events_p2026_01.own", "using"],
  [
    "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'events_p2026_01_at_idx'::regclass",
    "index events_p2026_01_at_idx",
    "valid",
  ],
  [
    "CREATE TRIGGER own BEFORE INSERT ON events_p2026_01 FOR EACH ROW EXECUTE FUNCTION touch()",
    "trigger events_p2026_01.own",
  ],
  ["CREATE POLICY other ON events_p2026_01 USING (true)", "policy events_p2026_01.other"],
  [
    "CREATE RULE own AS ON DELETE TO events_p2026_01 DO INSTEAD NOTHING",
    "rule events_p2026_01.own",
  ],
  ["CREATE INDEX own ON events_p2026_01 (n)", "index own"],
  [
    "ALTER TABLE events_p2026_01 ADD CONSTRAINT own CHECK (n < 9)",
    "constraint events_p2026_01.own",
  ],
  ["ALTER TABLE events_p2026_01 ADD CONSTRAINT own UNIQUE (n)", "constraint events_p2026_01.own"],
  ["CREATE STATISTICS own ON id, n FROM events_p2026_01", "statistics object own"],
  ["ALTER TABLE events DETACH PARTITION events_p2026_01", "table events_p2026_01"],
  [
    "ALTER TABLE events DETACH PARTITION events_first; DROP TABLE events_first",
    "table events_first",
  ],
  [
    "ALTER TABLE events_first DISABLE ROW LEVEL SECURITY",
    "table events_first",
    "row level security",
  ],
])(
  "what an added partition has of its own is found: %s",
  async (change, object, property?: string) => {
    const differences = await differencesAfter(change);
    expect(differences.map(({ kind, name }) => `${kind} ${name}`)).toEqual([object]);
    if (property !== undefined)
      expect(differences[0]).toMatchObject({ change: "changed", properties: [{ property }] });
  },
);

test("a change of the parent is reported once, not for its partitions", async () => {
  const differences =
    await differencesAfter(`ALTER TABLE events ADD COLUMN more text NOT NULL DEFAULT 'x';
ALTER TABLE events DISABLE TRIGGER touched`);
  expect(differences.map(({ kind, name, change }) => `${kind} ${name} ${change}`).sort()).toEqual([
    "column events.more extra",
    "trigger events.touched changed",
  ]);
});
