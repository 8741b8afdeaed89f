import {
  comment,
  foreignOptions,
  objects,
  options,
  partOf,
  privilegesIn,
  remarks,
  tableOf,
  tablespace,
} from "./property-sql.ts";
import { relationSelects } from "./relation-properties.ts";

const columns = objects(
  "CASE o.relkind WHEN 'c' THEN 'attribute' ELSE 'column' END",
  partOf("a.attname"),
  tableOf,
  {
    type: `format_type(a.atttypid, a.atttypmod)`,
    "not null": `CASE WHEN o.relkind IN ('r', 'p', 'f') THEN a.attnotnull END`,
    "not null not valid": `nullif((o.oid, a.attnum) IN (SELECT k.conrelid, k.conkey[1] FROM rel r JOIN pg_constraint k ON k.conrelid = r.oid
      WHERE k.contype = 'n' AND NOT k.convalidated), false)`,
    default: `CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END`,
    generated: `CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) || CASE a.attgenerated WHEN 's' THEN ' STORED' ELSE ' VIRTUAL' END END`,
    identity: `CASE a.attidentity WHEN 'a' THEN 'ALWAYS' WHEN 'd' THEN 'BY DEFAULT' END`,
    collation: `(SELECT l.oid::regcollation::text FROM pg_collation l WHERE l.oid = a.attcollation AND a.attcollation <> t.typcollation)`,
    storage: `CASE WHEN a.attstorage <> t.typstorage AND o.relkind IN ('r', 'p', 'm') THEN CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END END`,
    compression: `CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END`,
    "statistics target": `CASE WHEN a.attstattarget >= 0 THEN a.attstattarget END`,
    options: options("a.attoptions"),
    "foreign options": `CASE WHEN a.attfdwoptions IS NOT NULL THEN ${foreignOptions("a.attfdwoptions")} END`,
    privileges: `CASE WHEN a.attacl IS NOT NULL THEN ${privilegesIn("aclexplode(a.attacl)", "o.relowner")} END`,
    ...remarks("pg_class", "o.oid", "a.attnum"),
  },
  `rel o JOIN pg_attribute a ON a.attrelid = o.oid AND a.attnum > 0 AND NOT a.attisdropped JOIN pg_type t ON t.oid = a.atttypid
   LEFT JOIN pg_attrdef d ON d.adrelid = o.oid AND d.adnum = a.attnum WHERE o.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')`,
);

/** Statistics targets of an index, which only its expressions can have. */
const indexStatistics = `CASE WHEN i.indexprs IS NOT NULL THEN (SELECT string_agg(a.attnum || ': ' || a.attstattarget, ', ' ORDER BY a.attnum)
  FROM pg_attribute a WHERE a.attrelid = i.indexrelid AND a.attstattarget >= 0) END`;

/** When a trigger or rule fires. */
const triggerState = (column: string) =>
  `CASE ${column} WHEN 'O' THEN 'enabled' WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'enabled on replicas' ELSE 'always enabled' END`;

/** Internal triggers that are not as they were created. With a disabled one, the constraint is not enforced. */
const internalTriggers = `CASE WHEN k.contype = 'f' OR k.condeferrable THEN (SELECT jsonb_object_agg(p.proname, ${triggerState("g.tgenabled")})
  FROM pg_trigger g JOIN pg_proc p ON p.oid = g.tgfoid WHERE g.tgconstraint = k.oid AND g.tgisinternal AND g.tgenabled <> 'O') END`;

/** NOT NULL constraints have names since PostgreSQL 18, which differ after a dump: the column has the fact. */
const constraints = objects(
  "'constraint'",
  partOf("k.conname"),
  tableOf,
  {
    definition: `regexp_replace(pg_get_constraintdef(k.oid), ' NOT VALID$', '')`,
    validated: `k.convalidated`,
    triggers: internalTriggers,
    parent: `CASE WHEN k.conparentid <> 0 THEN (SELECT m.conrelid::regclass || '.' || quote_ident(m.conname) FROM pg_constraint m WHERE m.oid = k.conparentid) END`,
    "index valid": `i.indisvalid OR o.relkind = 'p'`,
    clustered: `nullif(i.indisclustered, false)`,
    "replica identity": `nullif(i.indisreplident, false)`,
    options: options("x.reloptions"),
    tablespace: tablespace("x.reltablespace"),
    "statistics target": indexStatistics,
    comment: comment("pg_constraint", "k.oid"),
  },
  `rel o JOIN pg_constraint k ON k.conrelid = o.oid AND k.contype IN ('c', 'f', 'p', 'u', 'x')
   LEFT JOIN pg_index i ON i.indexrelid = k.conindid AND i.indrelid = o.oid AND k.contype IN ('p', 'u', 'x')
   LEFT JOIN LATERAL (SELECT reloptions, reltablespace FROM pg_class WHERE oid = i.indexrelid OFFSET 0) x ON true`,
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
    valid: `CASE WHEN x.relkind = 'i' THEN i.indisvalid END`,
    ready: `nullif(i.indisready, true)`,
    clustered: `nullif(i.indisclustered, false)`,
    "replica identity": `nullif(i.indisreplident, false)`,
    parent: `CASE WHEN x.relispartition THEN (SELECT h.inhparent::regclass::text FROM pg_inherits h WHERE h.inhrelid = x.oid) END`,
    tablespace: tablespace("x.reltablespace"),
    "statistics target": indexStatistics,
    comment: comment("pg_class", "x.oid"),
  },
  `rel o JOIN pg_index i ON i.indrelid = o.oid JOIN pg_class x ON x.oid = i.indexrelid
   WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.conrelid = o.oid AND k.contype IN ('p', 'u', 'x'))`,
  ["pg_class", "x.oid"],
);

const triggers = objects(
  "'trigger'",
  partOf("t.tgname"),
  tableOf,
  {
    definition: `pg_get_triggerdef(t.oid)`,
    state: triggerState("t.tgenabled"),
    parent: `CASE WHEN t.tgparentid <> 0 THEN (SELECT m.tgrelid::regclass || '.' || quote_ident(m.tgname) FROM pg_trigger m WHERE m.oid = t.tgparentid) END`,
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
    state: triggerState("r.ev_enabled"),
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
    roles: `(SELECT string_agg(name, ', ' ORDER BY name) FROM (SELECT CASE WHEN r = 0 THEN 'PUBLIC' WHEN pg_get_userbyid(r) = o.tenant_role THEN '(tenant)'
      ELSE pg_get_userbyid(r)::text END FROM unnest(p.polroles) r) roles (name))`,
    using: `pg_get_expr(p.polqual, p.polrelid)`,
    "with check": `pg_get_expr(p.polwithcheck, p.polrelid)`,
    comment: comment("pg_policy", "p.oid"),
  },
  "rel o JOIN pg_policy p ON p.polrelid = o.oid",
  ["pg_policy", "p.oid"],
);

/** Selects of tables, of everything that can have columns, and of their parts. */
export const tableSelects: readonly string[] = [
  ...relationSelects,
  columns,
  constraints,
  domainConstraints,
  indexes,
  triggers,
  rules,
  policies,
];
