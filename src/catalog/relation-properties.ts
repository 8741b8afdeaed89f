import {
  foreignOptions,
  objects,
  options,
  owner,
  privileges,
  remarks,
  tableOf,
  tablespace,
} from "./property-sql.ts";

/** What tables, views and foreign tables have in common. */
const relation = {
  owner: owner("o.relowner"),
  privileges: privileges("r", "o.relacl", "o.relowner"),
  "row type privileges": `(SELECT nullif(${privileges("T", "t.typacl", "t.typowner")}, ${privileges("T", "NULL", "t.typowner")})
    FROM pg_type t WHERE t.oid = o.reltype AND t.typacl IS NOT NULL)`,
  ...remarks("pg_class", "o.oid"),
};

/** Storage parameters, with those of the TOAST table. */
const storageOptions = `nullif(concat_ws(', ', ${options("o.reloptions")}, CASE WHEN o.reltoastrelid <> 0 THEN
  (SELECT string_agg('toast.' || r, ', ' ORDER BY r) FROM pg_class t, unnest(t.reloptions) r
   WHERE t.oid = o.reltoastrelid AND t.reloptions IS NOT NULL) END), '')`;

const accessMethod = "(SELECT a.amname FROM pg_am a WHERE a.oid = o.relam)";

/** The parts of a table that it inherits and also has of its own: they stay if its parent loses them. */
const redeclared = `CASE WHEN NOT o.relispartition AND EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = o.oid)
  THEN (SELECT string_agg(part, ', ' ORDER BY part) FROM (
    SELECT quote_ident(a.attname) FROM pg_attribute a WHERE a.attrelid = o.oid AND a.attinhcount > 0 AND a.attislocal AND NOT a.attisdropped
    UNION ALL SELECT quote_ident(k.conname) FROM pg_constraint k WHERE k.conrelid = o.oid AND k.coninhcount > 0 AND k.conislocal AND k.contype <> 'n'
  ) parts (part)) END`;

/** Where a table is in a hierarchy. */
const hierarchy = {
  "partition bound": `pg_get_expr(o.relpartbound, o.oid)`,
  parents: `(SELECT string_agg(h.inhparent::regclass || CASE WHEN h.inhdetachpending THEN ' (being detached)' ELSE '' END, ', ' ORDER BY h.inhseqno)
    FROM pg_inherits h WHERE h.inhrelid = o.oid)`,
  "redeclared parts": redeclared,
};

const publishedColumns = `(SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attname) FROM pg_attribute a
  WHERE a.attrelid = o.oid AND a.attnum = ANY (pr.prattrs))`;

const tables = objects(
  "'table'",
  tableOf,
  "NULL",
  {
    ...relation,
    persistence: `CASE o.relpersistence WHEN 'u' THEN 'unlogged' WHEN 'p' THEN 'permanent' ELSE 'temporary' END`,
    "access method": accessMethod,
    "replica identity": `CASE o.relreplident WHEN 'd' THEN 'default' WHEN 'n' THEN 'nothing' WHEN 'f' THEN 'full' ELSE 'index' END`,
    "row level security": `o.relrowsecurity`,
    "forced row level security": `o.relforcerowsecurity`,
    options: storageOptions,
    tablespace: tablespace("o.reltablespace"),
    ...hierarchy,
    "partition key": `pg_get_partkeydef(o.oid)`,
    "row type": `CASE WHEN o.reloftype <> 0 THEN format_type(o.reloftype, NULL) END`,
    publications: `CASE WHEN (SELECT EXISTS (SELECT FROM pg_publication_rel)) THEN (SELECT string_agg(b.pubname
        || coalesce(' (' || ${publishedColumns} || ')', '') || coalesce(' WHERE ' || pg_get_expr(pr.prqual, pr.prrelid), ''), ', ' ORDER BY b.pubname)
      FROM pg_publication_rel pr JOIN pg_publication b ON b.oid = pr.prpubid WHERE pr.prrelid = o.oid) END`,
    subscriptions: `CASE WHEN (SELECT EXISTS (SELECT FROM pg_subscription_rel)) THEN (SELECT string_agg(b.subname, ', ' ORDER BY b.subname)
      FROM pg_subscription_rel sr JOIN pg_subscription b ON b.oid = sr.srsubid WHERE sr.srrelid = o.oid) END`,
  },
  "rel o WHERE o.relkind IN ('r', 'p')",
  ["pg_class", "o.oid"],
);

/** An option of a view, which changes what its users can see and write. */
const viewOption = (name: string) =>
  `CASE WHEN o.reloptions IS NOT NULL THEN (SELECT substr(r, ${name.length + 2}) FROM unnest(o.reloptions) r WHERE r LIKE '${name}=%') END`;

const views = objects(
  "'view'",
  tableOf,
  "NULL",
  {
    ...relation,
    definition: `pg_get_viewdef(o.oid)`,
    "security barrier": `${viewOption("security_barrier")}::boolean`,
    "security invoker": `${viewOption("security_invoker")}::boolean`,
    "check option": viewOption("check_option"),
  },
  "rel o WHERE o.relkind = 'v'",
  ["pg_class", "o.oid"],
);

const materializedViews = objects(
  "'materialized view'",
  tableOf,
  "NULL",
  {
    ...relation,
    definition: `pg_get_viewdef(o.oid)`,
    populated: `o.relispopulated`,
    "access method": accessMethod,
    options: storageOptions,
    tablespace: tablespace("o.reltablespace"),
  },
  "rel o WHERE o.relkind = 'm'",
  ["pg_class", "o.oid"],
);

const foreignTables = objects(
  "'foreign table'",
  tableOf,
  "NULL",
  {
    ...relation,
    server: `(SELECT s.srvname FROM pg_foreign_server s WHERE s.oid = t.ftserver)`,
    "foreign options": foreignOptions("t.ftoptions"),
    ...hierarchy,
  },
  "rel o JOIN pg_foreign_table t ON t.ftrelid = o.oid",
  ["pg_class", "o.oid"],
);

/** Selects of tables and views. */
export const relationSelects: readonly string[] = [tables, views, materializedViews, foreignTables];
