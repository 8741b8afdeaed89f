import { messageOf } from "../core/errors.ts";
import type { Migration } from "../core/migration.ts";
import type { Target } from "../core/target.ts";
import type { Session } from "../postgres/session.ts";
import { sqlstateOf } from "../postgres/sqlstate.ts";
import { StepError } from "./pipeline.ts";
import type { MigrationScript } from "./step-run.ts";

/** The kinds of objects that already exist, by SQLSTATE. */
const kindsOf: Readonly<Record<string, readonly string[]>> = {
  "42P07": ["relation"],
  "42701": ["column"],
  "42710": ["type", "constraint", "trigger", "policy", "rule", "extension", "role"],
  "42P06": ["schema"],
  "42723": ["function"],
};

/** True for a SQLSTATE which means that an object already exists. */
export function isDuplicate(state: string | undefined): boolean {
  return Object.hasOwn(kindsOf, state ?? "");
}

/** An existing object that a migration tried to create. */
export interface ExistingObject {
  /** Without the tenant's name: `index "t_x" of table "t", owned by role shop`. */
  readonly description: string;
  /** The statement of an earlier migration that creates it, or the object it belongs to. */
  readonly madeBy?: MadeBy | undefined;
  /** True when the schema contains the table of drizzle-orm's own migrator. */
  readonly drizzle: boolean;
  /** How many of the objects that the migration creates already exist. */
  readonly found: number;
  /** How many objects the migration creates. */
  readonly wanted: number;
}

/** A place in a migration. */
interface MadeBy {
  readonly tag: string;
  readonly file: string;
  readonly line: number;
}

/** Where to look for an existing object. */
export interface ExistingPlace {
  readonly target: Target;
  readonly script: MigrationScript;
  /** All migrations of the target's service. */
  readonly migrations: readonly Migration[];
}

/**
 * Finds the object that a statement could not create because it already exists, and the migration that created it.
 * Queries the server only after such an error.
 *
 * @returns undefined for other errors, and if there is no object of that name: its creation was rolled back
 */
export async function existingAt(
  session: Session,
  place: ExistingPlace,
  error: unknown,
): Promise<ExistingObject | undefined> {
  const cause = error instanceof StepError ? error.cause : error;
  const kinds = kindsOf[sqlstateOf(cause) ?? ""];
  const [name, table = ""] = namesIn(messageOf(cause));
  if (kinds === undefined || name === undefined || session.lost) return undefined;
  const { target, script } = place;
  const wanted = createdIn(script);
  // An error of this query must not hide the failure itself.
  const rows = await session
    .query(session.restoreSettings)
    .then(() => find(session, target.schema, { kinds, name, table }, wanted))
    .catch((): ExistingRow[] => []);
  const [row] = rows;
  if (row === undefined) return undefined;
  const { kind, parent, implicit, owner, drizzle, found } = row;
  const of = parent === null ? "" : ` of ${parent}`;
  return {
    description: `${kind} "${name}"${of}, owned by role ${owner}`,
    madeBy: makerOf(place, subjectOf(name, namesIn(parent ?? ""), implicit)),
    drizzle,
    found,
    wanted: wanted.length,
  };
}

/** The names in a message or description, which PostgreSQL puts in double quotes. */
export function namesIn(text: string): string[] {
  return [...text.matchAll(/"([^"]+)"/g)].map(([, name = ""]) => name);
}

interface ExistingRow {
  readonly kind: string;
  readonly parent: string | null;
  /** True if PostgreSQL created it for its parent, so no migration names it. */
  readonly implicit: boolean;
  readonly owner: string;
  readonly drizzle: boolean;
  readonly found: number;
}

/** An object that a migration creates: a relation, type, function or column. */
interface CreatedObject {
  /** The word after CREATE, or `column`. */
  readonly kind: string;
  readonly table: string;
  readonly name: string;
}

const identifier = `(?:(?:"(?:[^"]|"")+"|[\\p{L}_][\\p{L}\\p{N}_$]*)\\.)?("(?:[^"]|"")+"|[\\p{L}_][\\p{L}\\p{N}_$]*)`;
const creation = new RegExp(
  `^\\s*create\\s+(?:or\\s+replace\\s+)?(?:unique\\s+|materialized\\s+)*(table|type|domain|index|sequence|view|function)\\s+(?:concurrently\\s+)?(?:if\\s+not\\s+exists\\s+)?${identifier}`,
  "iu",
);
const addition = new RegExp(
  `^\\s*alter\\s+table\\s+(?:only\\s+)?(?:if\\s+exists\\s+)?${identifier}\\s+add\\s+column\\s+(?:if\\s+not\\s+exists\\s+)?${identifier}`,
  "iu",
);

function createdIn({ statements }: MigrationScript): CreatedObject[] {
  return statements.flatMap(({ original }): CreatedObject[] => {
    const [, kind = "", created] = creation.exec(original) ?? [];
    if (created !== undefined)
      return [{ kind: kind.toLowerCase(), table: "", name: unquoted(created) }];
    const [, table, column] = addition.exec(original) ?? [];
    if (table === undefined || column === undefined) return [];
    return [{ kind: "column", table: unquoted(table), name: unquoted(column) }];
  });
}

function unquoted(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase();
}

/** The object that an error names. */
interface SearchedObject {
  readonly kinds: readonly string[];
  readonly name: string;
  /** The table it belongs to; empty if the error names none. */
  readonly table: string;
}

/** A row for the object with this kind, name and table, if it exists. */
function find(
  session: Session,
  schema: string,
  { kinds, name, table }: SearchedObject,
  wanted: readonly CreatedObject[],
): Promise<ExistingRow[]> {
  return session.query<ExistingRow>(
    `WITH space AS (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = $1),
     relation AS (SELECT c.* FROM pg_catalog.pg_class c JOIN space s ON s.oid = c.relnamespace),
     object AS (${objects}),
     made AS (SELECT * FROM unnest($5::text[], $6::text[], $7::text[]) m(kind, tab, name))
     SELECT o.kind, o.parent, o.implicit, pg_catalog.pg_get_userbyid(o.owner)::text AS owner,
       EXISTS (SELECT FROM relation WHERE relname = '__drizzle_migrations') AS drizzle,
       (SELECT count(*)::integer FROM made m WHERE EXISTS (SELECT FROM object x
          WHERE x.name = m.name AND (m.tab = '' OR x.tab = m.tab)
            AND CASE m.kind WHEN 'view' THEN x.kind IN ('view', 'materialized view')
              WHEN 'type' THEN x.sort = 'type' AND NOT x.implicit WHEN 'domain' THEN x.sort = 'type' AND NOT x.implicit
              ELSE x.kind = m.kind END)) AS found
     FROM object o WHERE o.sort = ANY($2) AND o.name = $3 AND ($4 = '' OR o.tab IS NULL OR o.tab = $4)
     ORDER BY array_position($2, o.sort) LIMIT 1`,
    [
      ...[schema, kinds, name, table],
      ...(["kind", "table", "name"] as const).map((key) => wanted.map((one) => one[key])),
    ],
  );
}

/** A query for all objects that can already exist, with the kind that users know and the object each belongs to. */
const objects = `SELECT 'relation' AS sort, NULL::name AS tab, r.relname AS name, r.relowner AS owner,
    CASE r.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'table' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
      WHEN 'f' THEN 'foreign table' WHEN 'S' THEN 'sequence' WHEN 'c' THEN 'composite type' ELSE 'index' END AS kind,
    coalesce((SELECT format('column "%s" of table "%s"', a.attname, t.relname)
        FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class t ON t.oid = d.refobjid
        JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
        WHERE r.relkind = 'S' AND d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = r.oid AND d.deptype IN ('a', 'i') LIMIT 1),
      (SELECT format('a constraint of table "%s"', t.relname) FROM pg_catalog.pg_constraint k
        JOIN pg_catalog.pg_class t ON t.oid = k.conrelid WHERE k.conindid = r.oid AND k.contype IN ('p', 'u', 'x') LIMIT 1),
      (SELECT format('table "%s"', t.relname) FROM pg_catalog.pg_index i
        JOIN pg_catalog.pg_class t ON t.oid = i.indrelid WHERE i.indexrelid = r.oid)) AS parent,
    EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = r.oid
      AND d.objsubid = 0 AND (r.relkind = 'S' AND d.deptype IN ('a', 'i') OR r.relkind IN ('i', 'I') AND d.deptype = 'i')) AS implicit
  FROM relation r
  UNION ALL SELECT 'column', r.relname, a.attname, r.relowner, 'column', format('table "%s"', r.relname), false
  FROM relation r JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid AND NOT a.attisdropped
  UNION ALL SELECT 'type', NULL, t.typname, t.typowner, 'type',
    (SELECT CASE WHEN t.oid = c.reltype AND c.relkind <> 'c' THEN format('table "%s"', c.relname) END
      FROM pg_catalog.pg_class c WHERE c.oid = t.typrelid),
    EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = t.typrelid AND c.relkind <> 'c')
  FROM pg_catalog.pg_type t JOIN space s ON s.oid = t.typnamespace
  UNION ALL SELECT 'function', NULL, p.proname, p.proowner, 'function', NULL, false
  FROM pg_catalog.pg_proc p JOIN space s ON s.oid = p.pronamespace
  UNION ALL SELECT 'constraint', r.relname, k.conname, r.relowner, 'constraint', format('table "%s"', r.relname), false
  FROM pg_catalog.pg_constraint k JOIN relation r ON r.oid = k.conrelid
  UNION ALL SELECT 'trigger', r.relname, g.tgname, r.relowner, 'trigger', format('table "%s"', r.relname), false
  FROM pg_catalog.pg_trigger g JOIN relation r ON r.oid = g.tgrelid
  UNION ALL SELECT 'policy', r.relname, y.polname, r.relowner, 'policy', format('table "%s"', r.relname), false
  FROM pg_catalog.pg_policy y JOIN relation r ON r.oid = y.polrelid
  UNION ALL SELECT 'rule', r.relname, w.rulename, r.relowner, 'rule', format('table "%s"', r.relname), false
  FROM pg_catalog.pg_rewrite w JOIN relation r ON r.oid = w.ev_class
  UNION ALL SELECT 'extension', NULL, e.extname, e.extowner, 'extension', NULL, false FROM pg_catalog.pg_extension e
  UNION ALL SELECT 'role', NULL, u.rolname, u.oid, 'role', NULL, false FROM pg_catalog.pg_roles u
  UNION ALL SELECT 'schema', NULL, n.nspname, n.nspowner, 'schema', NULL, false FROM pg_catalog.pg_namespace n`;

/** The names in the statement that creates an object, its own name first. */
function subjectOf(name: string, parent: readonly string[], implicit: boolean): readonly string[] {
  return implicit ? parent : [name, ...parent];
}

/**
 * The newest migration before this one whose text creates an object.
 *
 * @param words the names in its statement: the object, and what it belongs to
 */
function makerOf(
  { script, migrations }: ExistingPlace,
  words: readonly string[],
): MadeBy | undefined {
  const own = migrations.findIndex(({ tag }) => tag === script.migration.tag);
  for (const { tag, file, text } of migrations.slice(0, own).toReversed()) {
    const line = lineThatMakes(text, words);
    if (line !== undefined) return { tag, file, line };
  }
  return undefined;
}

function lineThatMakes(
  text: string,
  [name = "", ...others]: readonly string[],
): number | undefined {
  let line = 1;
  for (const statement of text.split(/(?<=;[ \t]*\n|--> statement-breakpoint)/)) {
    const words = identifiersIn(statement);
    const lines = statement.split("\n");
    if (
      /\b(create|add|rename)\b/i.test(statement) &&
      [name, ...others].every((one) => words.has(one))
    )
      return line + lines.findIndex((one) => identifiersIn(one).has(name));
    line += lines.length - 1;
  }
  return undefined;
}

/** The identifiers in SQL, quoted or not. */
export function identifiersIn(sql: string): Set<string> {
  return new Set(
    sql.match(/[\p{L}\p{N}_$]+|"(?:[^"]|"")+"/gu)?.map((word) => word.replaceAll('"', "")),
  );
}
