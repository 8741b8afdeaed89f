import type { SchemaReader } from "./schema-reader.ts";

/** A function, procedure or aggregate. */
export interface Routine {
  readonly oid: number;
  readonly name: string;
  readonly qualified: string;
  readonly arguments: string;
  /** The complete CREATE statement; null for an aggregate. */
  readonly definition: string | null;
  readonly argumentNames: string[] | null;
  /** A statement that creates it with a body that does nothing and NULL as default values; null for aggregates and window functions. */
  readonly stub: string | null;
  readonly setsSearchPath: boolean;
  /** Its name with its argument types if PUBLIC may not execute it; otherwise null. */
  readonly closed: string | null;
  /** The oid of the range type that it was created with; otherwise null. */
  readonly madeBy: number | null;
  readonly aggregate: AggregateParts | null;
}

/** Options of CREATE AGGREGATE by name. */
type AggregateParts = Readonly<Record<string, string | null>>;

/** CREATE OR REPLACE can later change the body and the default values, but not the kind or the types. */
const stub = `CASE WHEN p.prokind IN ('f', 'p') THEN format('CREATE %s %I.%I(%s)%s LANGUAGE sql AS ''SELECT NULL''',
    CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END, n.nspname, p.proname,
    (SELECT string_agg(concat_ws(' ', CASE a.mode WHEN 'o' THEN 'OUT' WHEN 'b' THEN 'INOUT' WHEN 'v' THEN 'VARIADIC' END,
        CASE WHEN a.name <> '' THEN quote_ident(a.name) END, format_type(a.type, NULL),
        CASE WHEN a.mode <> 'o' AND a.input > p.pronargs - p.pronargdefaults THEN 'DEFAULT NULL' END), ', ' ORDER BY a.place)
      FROM (SELECT type, coalesce(mode, 'i') AS mode, name, place, count(*) FILTER (WHERE coalesce(mode, 'i') IN ('i', 'b', 'v')) OVER (ORDER BY place) AS input
            FROM unnest(coalesce(p.proallargtypes, p.proargtypes::oid[]), p.proargmodes, p.proargnames) WITH ORDINALITY u (type, mode, name, place)) a
      WHERE a.mode <> 't'), ' RETURNS ' || pg_get_function_result(p.oid)) END`;

export async function readRoutines({ session, oids }: SchemaReader): Promise<Routine[]> {
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
     FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.oid = ANY($1::oid[])
       AND p.proname NOT LIKE '\\_\\_fleet%' ORDER BY p.oid`,
    [oids("pg_proc")],
  );
}
