import type { SchemaReader } from "./schema-reader.ts";

/** A constraint of a table or a domain. */
export interface Constraint {
  readonly oid: number;
  readonly name: string;
  readonly kind: string;
  readonly table: number;
  readonly domain: number;
  readonly index: number;
  readonly parent: number;
  readonly validated: boolean;
  readonly local: boolean;
  readonly inherited: boolean;
  readonly noInherit: boolean;
  readonly definition: string;
  readonly columns: number[] | null;
}

export async function readConstraints(
  { session }: SchemaReader,
  tables: readonly number[],
  domains: readonly number[],
): Promise<Constraint[]> {
  const columns = `SELECT k.oid, k.conname AS name, k.contype AS kind, k.conrelid AS table, k.contypid AS domain, k.conindid AS index,
    k.conparentid AS parent, k.convalidated AS validated, k.conislocal AS local, k.coninhcount > 0 AS inherited,
    k.connoinherit AS "noInherit", pg_get_constraintdef(k.oid) AS definition, k.conkey AS columns FROM pg_constraint k`;
  return session.query<Constraint>(
    `${columns} WHERE k.conrelid = ANY($1::oid[]) UNION ALL ${columns} WHERE k.contypid = ANY($2::oid[]) ORDER BY oid`,
    [tables, domains],
  );
}

export interface Index {
  readonly oid: number;
  readonly name: string;
  readonly qualified: string;
  readonly table: number;
  readonly definition: string;
  readonly valid: boolean;
  readonly clustered: boolean;
  readonly replicaIdentity: boolean;
  /** The index of the partitioned table to which it is attached. */
  readonly parent: number | null;
  /** The access method, such as `btree`. */
  readonly method: string;
  readonly options: string[] | null;
  /** Statistics targets, as pairs of column number and target. */
  readonly statistics: [number, number][] | null;
}

export async function readIndexes(
  { session }: SchemaReader,
  tables: readonly number[],
): Promise<Index[]> {
  return session.query<Index>(
    `SELECT i.indexrelid AS oid, c.relname AS name, i.indexrelid::regclass::text AS qualified, i.indrelid AS table,
       pg_get_indexdef(i.indexrelid) AS definition, i.indisvalid OR c.relkind = 'I' AS valid, i.indisclustered AS clustered,
       i.indisreplident AS "replicaIdentity", h.inhparent AS parent, m.amname AS method, c.reloptions AS options,
       (SELECT json_agg(json_build_array(a.attnum, a.attstattarget) ORDER BY a.attnum) FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attstattarget >= 0) AS statistics
     FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
     LEFT JOIN pg_inherits h ON h.inhrelid = i.indexrelid
     WHERE i.indrelid = ANY($1::oid[]) ORDER BY i.indexrelid`,
    [tables],
  );
}

/** A trigger, except PostgreSQL's internal ones. */
export interface Trigger {
  readonly oid: number;
  readonly name: string;
  readonly table: number;
  readonly definition: string;
  readonly enabled: string;
  readonly constraint: number;
  readonly parent: number;
  readonly parentEnabled: string | null;
}

export async function readTriggers(
  { session }: SchemaReader,
  tables: readonly number[],
): Promise<Trigger[]> {
  return session.query<Trigger>(
    `SELECT t.oid, t.tgname AS name, t.tgrelid AS table, pg_get_triggerdef(t.oid) AS definition, t.tgenabled AS enabled,
       t.tgconstraint AS constraint, t.tgparentid AS parent, p.tgenabled AS "parentEnabled"
     FROM pg_trigger t LEFT JOIN pg_trigger p ON p.oid = t.tgparentid
     WHERE t.tgrelid = ANY($1::oid[]) AND NOT t.tgisinternal ORDER BY t.oid`,
    [tables],
  );
}

export interface Rule {
  readonly oid: number;
  readonly name: string;
  readonly table: number;
  readonly definition: string;
  readonly enabled: string;
}

export async function readRules(
  { session }: SchemaReader,
  tables: readonly number[],
): Promise<Rule[]> {
  return session.query<Rule>(
    `SELECT r.oid, r.rulename AS name, r.ev_class AS table, pg_get_ruledef(r.oid) AS definition, r.ev_enabled AS enabled
     FROM pg_rewrite r WHERE r.ev_class = ANY($1::oid[]) AND r.rulename <> '_RETURN' ORDER BY r.oid`,
    [tables],
  );
}

export interface Policy {
  readonly oid: number;
  readonly name: string;
  readonly table: number;
  readonly permissive: boolean;
  readonly command: string;
  /** Null for PUBLIC. */
  readonly roles: (string | null)[];
  readonly using: string | null;
  readonly check: string | null;
}

export async function readPolicies(
  { session }: SchemaReader,
  tables: readonly number[],
): Promise<Policy[]> {
  return session.query<Policy>(
    `SELECT p.oid, p.polname AS name, p.polrelid AS table, p.polpermissive AS permissive, p.polcmd AS command,
       ARRAY(SELECT CASE WHEN r <> 0 THEN pg_get_userbyid(r)::text END FROM unnest(p.polroles) r) AS roles,
       pg_get_expr(p.polqual, p.polrelid) AS using, pg_get_expr(p.polwithcheck, p.polrelid) AS check
     FROM pg_policy p WHERE p.polrelid = ANY($1::oid[]) ORDER BY p.oid`,
    [tables],
  );
}

export interface Statistics {
  readonly oid: number;
  readonly definition: string;
  readonly qualified: string;
  readonly target: number | null;
}

export async function readStatistics({ session, oids }: SchemaReader): Promise<Statistics[]> {
  return session.query<Statistics>(
    `SELECT s.oid, pg_get_statisticsobjdef(s.oid) AS definition, format('%I.%I', n.nspname, s.stxname) AS qualified,
       CASE WHEN s.stxstattarget >= 0 THEN s.stxstattarget END AS target
     FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace WHERE s.oid = ANY($1::oid[]) ORDER BY s.oid`,
    [oids("pg_statistic_ext")],
  );
}
