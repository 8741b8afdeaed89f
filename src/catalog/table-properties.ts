import {
  comment,
  objects,
  owner,
  partOf,
  privileges,
  privilegesIn,
  tableOf,
} from "./property-sql.ts";

const relationKind = `CASE o.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'table' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
  WHEN 'f' THEN 'foreign table' WHEN 'c' THEN 'type' END`;

const relations = objects(
  relationKind,
  tableOf,
  "NULL",
  {
    owner: owner("o.relowner"),
    privileges: `CASE WHEN o.relkind = 'c' THEN (SELECT ${privileges("T", "t.typacl", "t.typowner")} FROM pg_type t WHERE t.oid = o.reltype)
      ELSE ${privileges("r", "o.relacl", "o.relowner")} END`,
    persistence: `CASE o.relpersistence WHEN 'u' THEN 'unlogged' WHEN 'p' THEN 'permanent' ELSE 'temporary' END`,
    "access method": `(SELECT a.amname FROM pg_am a WHERE a.oid = o.relam)`,
    "replica identity": `CASE WHEN o.relkind IN ('r', 'p') THEN CASE o.relreplident WHEN 'd' THEN 'default' WHEN 'n' THEN 'nothing' WHEN 'f' THEN 'full' ELSE 'index' END END`,
    "row level security": `o.relrowsecurity`,
    "forced row level security": `o.relforcerowsecurity`,
    options: `(SELECT string_agg(r, ', ' ORDER BY r) FROM (SELECT unnest(o.reloptions) UNION ALL
      SELECT 'toast.' || unnest(t.reloptions) FROM pg_class t WHERE t.oid = o.reltoastrelid) x (r) WHERE r NOT LIKE 'pg\\_%')`,
    server: `CASE WHEN o.relkind = 'f' THEN (SELECT concat_ws(' ', s.srvname, f.ftoptions) FROM pg_foreign_table f JOIN pg_foreign_server s ON s.oid = f.ftserver WHERE f.ftrelid = o.oid) END`,
    "partition bound": `pg_get_expr(o.relpartbound, o.oid)`,
    "partition key": `pg_get_partkeydef(o.oid)`,
    "typed as": `CASE WHEN o.reloftype <> 0 THEN format_type(o.reloftype, NULL) END`,
    "inherits from": `(SELECT string_agg(h.inhparent::regclass::text, ', ' ORDER BY h.inhseqno) FROM pg_inherits h WHERE h.inhrelid = o.oid)`,
    populated: `CASE WHEN o.relkind = 'm' THEN o.relispopulated END`,
    definition: `CASE WHEN o.relkind IN ('v', 'm') THEN pg_get_viewdef(o.oid) END`,
    publications: `(SELECT string_agg(b.pubname || coalesce((SELECT ' (' || string_agg(quote_ident(a.attname), ', ' ORDER BY a.attname) || ')' FROM pg_attribute a
        WHERE a.attrelid = o.oid AND a.attnum = ANY (pr.prattrs)), '') || coalesce(' WHERE ' || pg_get_expr(pr.prqual, pr.prrelid), ''), ', ' ORDER BY b.pubname)
      FROM pg_publication_rel pr JOIN pg_publication b ON b.oid = pr.prpubid WHERE pr.prrelid = o.oid)`,
    comment: `CASE WHEN o.relkind = 'c' THEN ${comment("pg_type", "o.reltype")} ELSE ${comment("pg_class", "o.oid")} END`,
  },
  "rel o WHERE o.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')",
  ["pg_class", "o.oid"],
);

const columns = objects(
  "'column'",
  partOf("a.attname"),
  tableOf,
  {
    type: `format_type(a.atttypid, a.atttypmod)`,
    "not null": `CASE WHEN o.relkind IN ('r', 'p', 'f') THEN a.attnotnull END`,
    "not null not valid": `(SELECT true FROM pg_constraint k WHERE k.conrelid = o.oid AND k.contype = 'n' AND NOT k.convalidated AND k.conkey = ARRAY[a.attnum])`,
    default: `CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END`,
    generated: `CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) || CASE a.attgenerated WHEN 's' THEN ' STORED' ELSE ' VIRTUAL' END END`,
    identity: `CASE a.attidentity WHEN 'a' THEN 'ALWAYS' WHEN 'd' THEN 'BY DEFAULT' END`,
    collation: `(SELECT l.oid::regcollation::text FROM pg_collation l WHERE l.oid = a.attcollation AND a.attcollation <> t.typcollation)`,
    storage: `CASE WHEN a.attstorage <> t.typstorage AND o.relkind IN ('r', 'p', 'm') THEN CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END END`,
    compression: `CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END`,
    statistics: `CASE WHEN a.attstattarget >= 0 THEN a.attstattarget END`,
    options: `(SELECT string_agg(r, ', ' ORDER BY r) FROM unnest(a.attoptions) r WHERE r NOT LIKE 'pg\\_%')`,
    "foreign options": `a.attfdwoptions::text`,
    privileges: `CASE WHEN a.attacl IS NOT NULL THEN ${privilegesIn("aclexplode(a.attacl)", "o.relowner")} END`,
    comment: comment("pg_class", "o.oid", "a.attnum"),
  },
  `rel o JOIN pg_attribute a ON a.attrelid = o.oid AND a.attnum > 0 AND NOT a.attisdropped JOIN pg_type t ON t.oid = a.atttypid
   LEFT JOIN pg_attrdef d ON d.adrelid = o.oid AND d.adnum = a.attnum WHERE o.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')`,
);

/** NOT NULL constraints have names since PostgreSQL 18, which differ after a dump: the column has the fact. */
const constraints = objects(
  "'constraint'",
  partOf("k.conname"),
  tableOf,
  {
    definition: `regexp_replace(pg_get_constraintdef(k.oid), ' NOT VALID$', '')`,
    validated: `k.convalidated`,
    "partition of": `CASE WHEN k.conparentid <> 0 THEN (SELECT quote_ident(p.conname) FROM pg_constraint p WHERE p.oid = k.conparentid) END`,
    "index valid": `i.indisvalid OR o.relkind = 'p'`,
    options: `CASE WHEN i.indexrelid IS NOT NULL THEN (SELECT string_agg(r, ', ' ORDER BY r) FROM pg_class x, unnest(x.reloptions) r WHERE x.oid = i.indexrelid) END`,
    clustered: `nullif(i.indisclustered, false)`,
    "replica identity": `nullif(i.indisreplident, false)`,
    comment: comment("pg_constraint", "k.oid"),
    "index comment": `CASE WHEN i.indexrelid IS NOT NULL THEN ${comment("pg_class", "i.indexrelid")} END`,
  },
  `rel o JOIN pg_constraint k ON k.conrelid = o.oid AND k.contype IN ('c', 'f', 'p', 'u', 'x')
   -- A foreign key to a partitioned table has another one to each partition. As a join, this would be slow.
   AND (k.conparentid = 0 OR k.conrelid <> (SELECT p.conrelid FROM pg_constraint p WHERE p.oid = k.conparentid))
   LEFT JOIN pg_index i ON i.indexrelid = k.conindid AND i.indrelid = o.oid AND k.contype IN ('p', 'u', 'x')`,
  ["pg_constraint", "k.oid"],
);

const domainConstraints = objects(
  "'constraint'",
  `quote_ident(o.typname) || '.' || quote_ident(k.conname)`,
  "quote_ident(o.typname)",
  {
    definition: `regexp_replace(pg_get_constraintdef(k.oid), ' NOT VALID$', '')`,
    validated: `k.convalidated`,
    comment: comment("pg_constraint", "k.oid"),
  },
  "typ o JOIN pg_constraint k ON k.contypid = o.oid AND k.contype = 'c'",
  ["pg_constraint", "k.oid"],
);

const indexes = objects(
  "'index'",
  "quote_ident(x.relname)",
  tableOf,
  {
    definition: `pg_get_indexdef(i.indexrelid)`,
    "partition of": `CASE WHEN x.relispartition THEN (SELECT quote_ident(p.relname) FROM pg_inherits h JOIN pg_class p ON p.oid = h.inhparent WHERE h.inhrelid = x.oid) END`,
    valid: `CASE WHEN x.relkind = 'i' THEN i.indisvalid END`,
    ready: `nullif(i.indisready, true)`,
    clustered: `nullif(i.indisclustered, false)`,
    "replica identity": `nullif(i.indisreplident, false)`,
    statistics: `(SELECT string_agg(a.attnum || ': ' || a.attstattarget, ', ' ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = x.oid AND a.attstattarget >= 0)`,
    comment: comment("pg_class", "x.oid"),
  },
  `rel o JOIN pg_index i ON i.indrelid = o.oid JOIN pg_class x ON x.oid = i.indexrelid
   WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.conrelid = o.oid AND k.contype IN ('p', 'u', 'x'))`,
  ["pg_class", "x.oid"],
);

const enabled = (column: string) =>
  `CASE ${column} WHEN 'O' THEN 'origin' WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' ELSE 'always' END`;

const triggers = objects(
  "'trigger'",
  partOf("t.tgname"),
  tableOf,
  {
    definition: `pg_get_triggerdef(t.oid)`,
    "partition of": `CASE WHEN t.tgparentid <> 0 THEN (SELECT quote_ident(p.tgname) FROM pg_trigger p WHERE p.oid = t.tgparentid) END`,
    enabled: enabled("t.tgenabled"),
    comment: comment("pg_trigger", "t.oid"),
  },
  "rel o JOIN pg_trigger t ON t.tgrelid = o.oid AND NOT t.tgisinternal",
  ["pg_trigger", "t.oid"],
);

const rules = objects(
  "'rule'",
  partOf("r.rulename"),
  tableOf,
  {
    definition: `pg_get_ruledef(r.oid)`,
    enabled: enabled("r.ev_enabled"),
    comment: comment("pg_rewrite", "r.oid"),
  },
  "rel o JOIN pg_rewrite r ON r.ev_class = o.oid AND r.rulename <> '_RETURN'",
  ["pg_rewrite", "r.oid"],
);

const policies = objects(
  "'policy'",
  partOf("p.polname"),
  tableOf,
  {
    command: `CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END`,
    permissive: `p.polpermissive`,
    roles: `(SELECT string_agg(n, ', ' ORDER BY n) FROM (SELECT CASE WHEN r = 0 THEN 'PUBLIC' WHEN pg_get_userbyid(r) = o.tenant_role THEN '(tenant)'
      ELSE pg_get_userbyid(r) END FROM unnest(p.polroles) r) x (n))`,
    using: `pg_get_expr(p.polqual, p.polrelid)`,
    "with check": `pg_get_expr(p.polwithcheck, p.polrelid)`,
    comment: comment("pg_policy", "p.oid"),
  },
  "rel o JOIN pg_policy p ON p.polrelid = o.oid",
  ["pg_policy", "p.oid"],
);

/** Selects of tables, of everything that can have columns, and of their parts. */
export const tableSelects: readonly string[] = [
  relations,
  columns,
  constraints,
  domainConstraints,
  indexes,
  triggers,
  rules,
  policies,
];
