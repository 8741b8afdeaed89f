import type { Source } from "./source.ts";

/** A type that is no table's row and no array. */
export interface UserType {
  readonly oid: number;
  readonly name: string;
  readonly qualified: string;
  readonly kind: string;
  readonly array: number;
  /** The pg_class row of a composite type. */
  readonly relation: number;
  readonly notNull: boolean;
  /** True when PUBLIC may not use it. */
  readonly closed: boolean;
  readonly base: string | null;
  readonly default: string | null;
  readonly collation: string | null;
  readonly labels: string[] | null;
  readonly range: RangeParts | null;
}

interface RangeParts {
  readonly subtype: string;
  readonly opclass: string;
  readonly collation: string | null;
  readonly canonical: string | null;
  readonly difference: string | null;
  readonly multirange: number;
  readonly multirangeArray: number;
  readonly multirangeName: string;
}

export async function readTypes({ session, oids }: Source): Promise<UserType[]> {
  const rows = await session.query<UserType>(
    `SELECT t.oid, t.typname AS name, format_type(t.oid, NULL) AS qualified, t.typtype AS kind, t.typarray AS array,
       t.typrelid AS relation, t.typnotnull AS "notNull",
       NOT EXISTS (SELECT FROM aclexplode(coalesce(t.typacl, acldefault('T', t.typowner))) r WHERE r.grantee = 0) AS closed,
       CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END AS base,
       pg_get_expr(t.typdefaultbin, 0) AS default,
       CASE WHEN t.typcollation <> b.typcollation THEN t.typcollation::regcollation::text END AS collation,
       CASE WHEN t.typtype = 'e' THEN ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder) END AS labels,
       (SELECT json_build_object('subtype', format_type(r.rngsubtype, NULL), 'opclass', format('%I.%I', n.nspname, o.opcname),
          'collation', CASE WHEN r.rngcollation <> s.typcollation THEN r.rngcollation::regcollation::text END,
          'canonical', nullif(r.rngcanonical::oid, 0)::regproc::text, 'difference', nullif(r.rngsubdiff::oid, 0)::regproc::text,
          'multirange', r.rngmultitypid::int8, 'multirangeArray', m.typarray::int8, 'multirangeName', format_type(r.rngmultitypid, NULL))
        FROM pg_range r JOIN pg_type s ON s.oid = r.rngsubtype JOIN pg_type m ON m.oid = r.rngmultitypid
        JOIN pg_opclass o ON o.oid = r.rngsubopc JOIN pg_namespace n ON n.oid = o.opcnamespace WHERE r.rngtypid = t.oid) AS range
     FROM pg_type t LEFT JOIN pg_type b ON b.oid = t.typbasetype LEFT JOIN pg_class c ON c.oid = t.typrelid
     WHERE t.oid = ANY($1::oid[]) AND t.typtype IN ('e', 'd', 'c', 'r') AND (c.relkind IS NULL OR c.relkind = 'c')
       AND t.typname !~ '^_?__fleet' ORDER BY t.oid`,
    [oids("pg_type")],
  );
  // A canonical function takes the type before there is one, which only C can.
  return rows.filter(({ range }) => range === null || range.canonical === null);
}

/** A function, procedure or aggregate. */
export interface Routine {
  readonly oid: number;
  readonly name: string;
  readonly qualified: string;
  readonly arguments: string;
  /** Its whole text; null for an aggregate. */
  readonly definition: string | null;
  readonly argumentNames: string[] | null;
  /** A statement that makes it with a body of no meaning, and NULL for the arguments' defaults; null for what SQL cannot make. */
  readonly stub: string | null;
  readonly setsSearchPath: boolean;
  /** Its name with the types of its arguments, when PUBLIC may not execute it; everybody may otherwise. */
  readonly closed: string | null;
  /** The type that it came with. */
  readonly madeBy: number | null;
  readonly aggregate: AggregateParts | null;
}

/** The options of CREATE AGGREGATE that are spelled as they are named here. */
type AggregateParts = Readonly<Record<string, string | null>>;

/** CREATE OR REPLACE gives a routine another body and other defaults, and leaves it what kind it is, and of what types. */
const stub = `CASE WHEN p.prokind IN ('f', 'p') THEN format('CREATE %s %I.%I(%s)%s LANGUAGE sql AS ''SELECT NULL''',
    CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END, n.nspname, p.proname,
    (SELECT string_agg(concat_ws(' ', CASE a.mode WHEN 'o' THEN 'OUT' WHEN 'b' THEN 'INOUT' WHEN 'v' THEN 'VARIADIC' END,
        CASE WHEN a.name <> '' THEN quote_ident(a.name) END, format_type(a.type, NULL),
        CASE WHEN a.mode <> 'o' AND a.input > p.pronargs - p.pronargdefaults THEN 'DEFAULT NULL' END), ', ' ORDER BY a.place)
      FROM (SELECT type, coalesce(mode, 'i') AS mode, name, place, count(*) FILTER (WHERE coalesce(mode, 'i') IN ('i', 'b', 'v')) OVER (ORDER BY place) AS input
            FROM unnest(coalesce(p.proallargtypes, p.proargtypes::oid[]), p.proargmodes, p.proargnames) WITH ORDINALITY u (type, mode, name, place)) a
      WHERE a.mode <> 't'), ' RETURNS ' || pg_get_function_result(p.oid)) END`;

export async function readRoutines({ session, oids }: Source): Promise<Routine[]> {
  return session.query<Routine>(
    `SELECT p.oid, p.proname AS name, format('%I.%I', n.nspname, p.proname) AS qualified, pg_get_function_arguments(p.oid) AS arguments,
       CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) END AS definition, p.proargnames AS "argumentNames",
       ${stub} AS stub,
       coalesce(array_to_string(p.proconfig, ' ') LIKE '%search_path=%', false) AS "setsSearchPath",
       CASE WHEN NOT EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) r WHERE r.grantee = 0)
         THEN p.oid::regprocedure::text END AS closed,
       (SELECT d.refobjid FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
          AND d.refclassid = 'pg_type'::regclass AND d.deptype = 'i' LIMIT 1) AS "madeBy",
       (SELECT json_build_object('SFUNC', a.aggtransfn, 'STYPE', format_type(a.aggtranstype, NULL), 'SSPACE', nullif(a.aggtransspace, 0)::text,
          'FINALFUNC', nullif(a.aggfinalfn::oid, 0)::regproc, 'FINALFUNC_EXTRA', CASE WHEN a.aggfinalextra THEN 'true' END,
          'FINALFUNC_MODIFY', CASE WHEN a.aggfinalfn::oid <> 0 THEN CASE a.aggfinalmodify WHEN 'r' THEN 'READ_ONLY' WHEN 's' THEN 'SHAREABLE' ELSE 'READ_WRITE' END END,
          'COMBINEFUNC', nullif(a.aggcombinefn::oid, 0)::regproc, 'SERIALFUNC', nullif(a.aggserialfn::oid, 0)::regproc,
          'DESERIALFUNC', nullif(a.aggdeserialfn::oid, 0)::regproc, 'INITCOND', quote_literal(a.agginitval),
          'MSFUNC', nullif(a.aggmtransfn::oid, 0)::regproc, 'MINVFUNC', nullif(a.aggminvtransfn::oid, 0)::regproc,
          'MSTYPE', CASE WHEN a.aggmtranstype <> 0 THEN format_type(a.aggmtranstype, NULL) END, 'MSSPACE', nullif(a.aggmtransspace, 0)::text,
          'MFINALFUNC', nullif(a.aggmfinalfn::oid, 0)::regproc, 'MFINALFUNC_EXTRA', CASE WHEN a.aggmfinalextra THEN 'true' END,
          'MFINALFUNC_MODIFY', CASE WHEN a.aggmfinalfn::oid <> 0 THEN CASE a.aggmfinalmodify WHEN 'r' THEN 'READ_ONLY' WHEN 's' THEN 'SHAREABLE' ELSE 'READ_WRITE' END END,
          'MINITCOND', quote_literal(a.aggminitval),
          'SORTOP', (SELECT format('OPERATOR(%I.%s)', m.nspname, o.oprname) FROM pg_operator o JOIN pg_namespace m ON m.oid = o.oprnamespace WHERE o.oid = a.aggsortop),
          'PARALLEL', CASE p.proparallel WHEN 's' THEN 'SAFE' WHEN 'r' THEN 'RESTRICTED' ELSE 'UNSAFE' END,
          'HYPOTHETICAL', CASE WHEN a.aggkind = 'h' THEN '' END) FROM pg_aggregate a WHERE a.aggfnoid = p.oid) AS aggregate
     FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.oid = ANY($1::oid[]) ORDER BY p.oid`,
    [oids("pg_proc")],
  );
}

export interface Operator {
  readonly oid: number;
  readonly qualified: string;
  readonly options: Readonly<Record<string, string | null>>;
}

export async function readOperators({ session, oids }: Source): Promise<Operator[]> {
  const other = (column: string) =>
    `(SELECT format('OPERATOR(%I.%s)', m.nspname, x.oprname) FROM pg_operator x JOIN pg_namespace m ON m.oid = x.oprnamespace WHERE x.oid = o.${column})`;
  return session.query<Operator>(
    `SELECT o.oid, format('%I.%s', n.nspname, o.oprname) AS qualified,
       json_build_object('FUNCTION', o.oprcode, 'LEFTARG', CASE WHEN o.oprleft <> 0 THEN format_type(o.oprleft, NULL) END,
         'RIGHTARG', format_type(o.oprright, NULL), 'COMMUTATOR', ${other("oprcom")}, 'NEGATOR', ${other("oprnegate")},
         'RESTRICT', nullif(o.oprrest::oid, 0)::regproc, 'JOIN', nullif(o.oprjoin::oid, 0)::regproc,
         'HASHES', CASE WHEN o.oprcanhash THEN '' END, 'MERGES', CASE WHEN o.oprcanmerge THEN '' END) AS options
     FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace
     WHERE o.oid = ANY($1::oid[]) AND o.oprcode::oid <> 0 ORDER BY o.oid`,
    [oids("pg_operator")],
  );
}

/** A collation; its columns have other names in each version. */
export interface Collation {
  readonly oid: number;
  readonly qualified: string;
  readonly row: Readonly<Record<string, string | boolean | null>>;
}

export async function readCollations({ session, oids }: Source): Promise<Collation[]> {
  return session.query<Collation>(
    `SELECT l.oid, l.oid::regcollation::text AS qualified, to_jsonb(l) AS row
     FROM pg_collation l WHERE l.oid = ANY($1::oid[]) ORDER BY l.oid`,
    [oids("pg_collation")],
  );
}

/** A text search configuration. */
export interface SearchConfiguration {
  readonly oid: number;
  readonly qualified: string;
  readonly parser: string;
  /** Dictionaries by the kind of token they are asked for. */
  readonly mappings: { readonly token: string; readonly dictionaries: string }[] | null;
}

export async function readSearchConfigurations({
  session,
  oids,
}: Source): Promise<SearchConfiguration[]> {
  return session.query<SearchConfiguration>(
    `SELECT c.oid, c.oid::regconfig::text AS qualified, format('%I.%I', n.nspname, p.prsname) AS parser,
       (SELECT json_agg(json_build_object('token', t.alias, 'dictionaries', m.dictionaries) ORDER BY t.tokid)
        FROM (SELECT maptokentype, string_agg(mapdict::regdictionary::text, ', ' ORDER BY mapseqno) AS dictionaries
              FROM pg_ts_config_map WHERE mapcfg = c.oid GROUP BY maptokentype) m
        JOIN ts_token_type(c.cfgparser) t ON t.tokid = m.maptokentype) AS mappings
     FROM pg_ts_config c JOIN pg_ts_parser p ON p.oid = c.cfgparser JOIN pg_namespace n ON n.oid = p.prsnamespace
     WHERE c.oid = ANY($1::oid[]) ORDER BY c.oid`,
    [oids("pg_ts_config")],
  );
}

export interface SearchDictionary {
  readonly oid: number;
  readonly qualified: string;
  readonly template: string;
  readonly options: string | null;
}

export async function readSearchDictionaries({
  session,
  oids,
}: Source): Promise<SearchDictionary[]> {
  return session.query<SearchDictionary>(
    `SELECT d.oid, d.oid::regdictionary::text AS qualified, format('%I.%I', n.nspname, t.tmplname) AS template, d.dictinitoption AS options
     FROM pg_ts_dict d JOIN pg_ts_template t ON t.oid = d.dicttemplate JOIN pg_namespace n ON n.oid = t.tmplnamespace
     WHERE d.oid = ANY($1::oid[]) ORDER BY d.oid`,
    [oids("pg_ts_dict")],
  );
}
