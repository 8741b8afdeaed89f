import type { MigrationPlace } from "../core/preflight.ts";
import type { Session } from "../postgres/session.ts";
import { droppedBy } from "./names.ts";
import { keyOf, type PendingStatement, type Relation, relationOf } from "./statement.ts";

/** Something that a pending statement drops or changes the type of: other schemas may depend on it. */
export interface DependencyCheck {
  readonly place: MigrationPlace;
  readonly relation: Relation;
  /** Undefined for the whole relation. */
  readonly column: string | undefined;
  /** True for CASCADE: the dependents would be dropped, too. */
  readonly isCascading: boolean;
  readonly label: string;
}

/** What pending statements drop, or change the type of. */
export function dependencyChecksOf(statements: readonly PendingStatement[]): DependencyCheck[] {
  return statements.flatMap((pending): DependencyCheck[] => {
    const { body, place } = pending;
    const isCascading = body.behavior === "DROP_CASCADE";
    const dropped = droppedBy(pending).map(({ kind, relation }) => ({
      ...{ place, relation, column: undefined, isCascading, label: `${kind} ${keyOf(relation)}` },
    }));
    const table = pending.kind === "AlterTableStmt" ? relationOf(body.relation) : undefined;
    if (table === undefined) return dropped;
    return pending.commands.flatMap(({ subtype, name, isCascading: cascades }) =>
      subtype === "AT_DropColumn" || subtype === "AT_AlterColumnType"
        ? [
            {
              place,
              relation: table,
              column: name,
              isCascading: cascades,
              label: `column ${keyOf(table)}.${name}`,
            },
          ]
        : [],
    );
  });
}

/** Objects of other schemas that depend on what a statement drops. */
export interface Dependents {
  readonly schema: string;
  readonly check: DependencyCheck;
  /** As PostgreSQL describes them. */
  readonly names: readonly string[];
}

/**
 * Finds what depends on the objects of some tenant schemas without being in them: views, foreign keys, and columns of a type.
 * What is in the tenant schema itself is known from the migrations.
 */
export async function findOutsideDependents(
  session: Session,
  schemas: readonly string[],
  checks: readonly DependencyCheck[],
): Promise<Dependents[]> {
  const own = checks.filter(({ relation }) => relation.schema === undefined);
  if (schemas.length === 0 || own.length === 0) return [];
  const asked = own.map(({ relation, column }, index) => ({
    index,
    name: relation.name,
    column: column ?? null,
  }));
  const rows = await session.query<{ schema: string; index: number; names: string[] }>(
    dependentsQuery,
    [schemas, JSON.stringify(asked)],
  );
  return rows.flatMap(({ schema, index, names }) => {
    const check = own[index];
    return check === undefined ? [] : { schema, check, names };
  });
}

const dependentsQuery = `WITH wanted AS (
       SELECT n.oid AS namespace, s.schema, w.index, w.name, w.column FROM unnest($1::text[]) AS s(schema)
         JOIN pg_catalog.pg_namespace n ON n.nspname = s.schema
         CROSS JOIN jsonb_to_recordset($2::jsonb) AS w(index integer, name text, "column" text)
     ), objects AS (
       SELECT w.*, 'pg_catalog.pg_class'::regclass AS class, c.oid, coalesce(a.attnum, 0) AS part FROM wanted w
         JOIN pg_catalog.pg_class c ON c.relnamespace = w.namespace AND c.relname = w.name
         LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = w.column
       UNION ALL SELECT w.*, 'pg_catalog.pg_type'::regclass, t.oid, 0 FROM wanted w
         JOIN pg_catalog.pg_type t ON t.typnamespace = w.namespace AND t.typname = w.name WHERE w.column IS NULL
     ), dependents AS (
       SELECT DISTINCT o.schema, o.index, coalesce(v.relnamespace, f.connamespace, t.relnamespace) AS place, o.namespace,
         pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid) AS name
       FROM objects o JOIN pg_catalog.pg_depend d ON d.refclassid = o.class AND d.refobjid = o.oid
           AND (o.part = 0 OR d.refobjsubid = o.part) AND d.deptype IN ('n', 'a')
         LEFT JOIN pg_catalog.pg_rewrite r ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND r.oid = d.objid
         LEFT JOIN pg_catalog.pg_class v ON v.oid = r.ev_class
         LEFT JOIN pg_catalog.pg_constraint f ON d.classid = 'pg_catalog.pg_constraint'::regclass AND f.oid = d.objid AND f.contype = 'f'
         LEFT JOIN pg_catalog.pg_class t ON d.classid = 'pg_catalog.pg_class'::regclass AND t.oid = d.objid
     ) SELECT schema, index, array_agg(name ORDER BY name) AS names FROM dependents
       WHERE place <> namespace GROUP BY schema, index`;
