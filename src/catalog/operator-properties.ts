import { comment, objects, optionalFunction, own, owner } from "./property-sql.ts";

const operators = objects(
  "'operator'",
  `p.oprname || ' (' || CASE WHEN p.oprleft = 0 THEN 'NONE' ELSE format_type(p.oprleft, NULL) END || ', ' || format_type(p.oprright, NULL) || ')'`,
  "NULL",
  {
    function: `p.oprcode::text`,
    commutator: `nullif(p.oprcom, 0)::regoperator::text`,
    negator: `nullif(p.oprnegate, 0)::regoperator::text`,
    "restriction estimator": optionalFunction("p.oprrest"),
    "join estimator": optionalFunction("p.oprjoin"),
    "can hash": `p.oprcanhash`,
    "can merge": `p.oprcanmerge`,
    owner: owner("p.oprowner"),
    comment: comment("pg_operator", "p.oid"),
  },
  `wanted o JOIN pg_operator p ON p.oprnamespace = o.oid WHERE ${own("pg_operator", "p.oid")}`,
  ["pg_operator", "p.oid"],
);

const typesOf = (left: string, right: string) =>
  `' (' || format_type(${left}, NULL) || ', ' || format_type(${right}, NULL) || ')'`;

const operatorMap = `jsonb_object_agg(m.amopstrategy || ${typesOf("m.amoplefttype", "m.amoprighttype")}, m.amopopr::regoperator::text
  || CASE WHEN m.amopsortfamily <> 0 THEN ' FOR ORDER BY ' || (SELECT f.opfname FROM pg_opfamily f WHERE f.oid = m.amopsortfamily) ELSE '' END)`;

const functionMap = `jsonb_object_agg(m.amprocnum || ${typesOf("m.amproclefttype", "m.amprocrighttype")}, m.amproc::oid::regprocedure::text)`;

/** What an operator class was created with. */
const ofClass = (map: string, catalog: string) =>
  `(SELECT ${map} FROM pg_depend d JOIN ${catalog} m ON m.oid = d.objid WHERE d.classid = 'pg_catalog.${catalog}'::regclass
    AND d.refclassid = 'pg_catalog.pg_opclass'::regclass AND d.refobjid = x.oid)`;

/** What belongs to an operator family, and to none of its operator classes. */
const ofFamily = (map: string, catalog: string, family: string) =>
  `(SELECT ${map} FROM ${catalog} m WHERE m.${family} = x.oid AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = m.oid
    AND d.classid = 'pg_catalog.${catalog}'::regclass AND d.refclassid = 'pg_catalog.pg_opclass'::regclass))`;

const using = (name: string, method: string) =>
  `(SELECT quote_ident(${name}) || ' USING ' || quote_ident(m.amname) FROM pg_am m WHERE m.oid = ${method})`;

const operatorFamilies = objects(
  "'operator family'",
  using("x.opfname", "x.opfmethod"),
  "NULL",
  {
    operators: ofFamily(operatorMap, "pg_amop", "amopfamily"),
    functions: ofFamily(functionMap, "pg_amproc", "amprocfamily"),
    owner: owner("x.opfowner"),
    comment: comment("pg_opfamily", "x.oid"),
  },
  `wanted o JOIN pg_opfamily x ON x.opfnamespace = o.oid WHERE ${own("pg_opfamily", "x.oid")}`,
  ["pg_opfamily", "x.oid"],
);

const operatorClasses = objects(
  "'operator class'",
  using("x.opcname", "x.opcmethod"),
  using("f.opfname", "f.opfmethod"),
  {
    type: `format_type(x.opcintype, NULL)`,
    default: `x.opcdefault`,
    family: `CASE WHEN f.opfnamespace = o.oid OR f.opfnamespace = 'pg_catalog'::regnamespace THEN '' ELSE f.opfnamespace::regnamespace || '.' END || quote_ident(f.opfname)`,
    "storage type": `CASE WHEN x.opckeytype <> 0 THEN format_type(x.opckeytype, NULL) END`,
    operators: ofClass(operatorMap, "pg_amop"),
    functions: ofClass(functionMap, "pg_amproc"),
    owner: owner("x.opcowner"),
    comment: comment("pg_opclass", "x.oid"),
  },
  `wanted o JOIN pg_opclass x ON x.opcnamespace = o.oid JOIN pg_opfamily f ON f.oid = x.opcfamily WHERE ${own("pg_opclass", "x.oid")}`,
  ["pg_opclass", "x.oid"],
);

const conversions = objects(
  "'conversion'",
  "quote_ident(x.conname)",
  "NULL",
  {
    "source encoding": `pg_encoding_to_char(x.conforencoding)::text`,
    "destination encoding": `pg_encoding_to_char(x.contoencoding)::text`,
    default: `x.condefault`,
    function: `x.conproc::text`,
    owner: owner("x.conowner"),
    comment: comment("pg_conversion", "x.oid"),
  },
  `wanted o JOIN pg_conversion x ON x.connamespace = o.oid WHERE ${own("pg_conversion", "x.oid")}`,
  ["pg_conversion", "x.oid"],
);

/** The name of a type of the schema. */
const typeIn = (oid: string) =>
  `(SELECT quote_ident(t.typname) FROM pg_type t WHERE t.oid = ${oid} AND t.typnamespace = o.oid)`;

/** Objects that users have created have oids from here on: lower ones are PostgreSQL's own. */
const firstUserOid = 16_384;

/** Casts have no schema. They belong to the schemas of their types, and of their function. */
export const castsOfSchemas = `SELECT c.oid, t.typnamespace AS namespace FROM pg_catalog.pg_cast c
    JOIN pg_catalog.pg_type t ON t.oid IN (c.castsource, c.casttarget) WHERE c.oid >= ${firstUserOid}
  UNION SELECT c.oid, p.pronamespace FROM pg_catalog.pg_cast c JOIN pg_catalog.pg_proc p ON p.oid = c.castfunc WHERE c.oid >= ${firstUserOid}`;

/** Every range type has casts of its own. */
const casts = objects(
  "'cast'",
  `format_type(x.castsource, NULL) || ' AS ' || format_type(x.casttarget, NULL)`,
  `coalesce(${typeIn("x.castsource")}, ${typeIn("x.casttarget")})`,
  {
    method: `CASE x.castmethod WHEN 'f' THEN 'function' WHEN 'i' THEN 'input and output' ELSE 'binary' END`,
    function: `CASE WHEN x.castfunc <> 0 THEN x.castfunc::regprocedure::text END`,
    context: `CASE x.castcontext WHEN 'e' THEN 'explicit' WHEN 'a' THEN 'assignment' ELSE 'implicit' END`,
    comment: comment("pg_cast", "x.oid"),
  },
  `wanted o JOIN (${castsOfSchemas}) c ON c.namespace = o.oid JOIN pg_cast x ON x.oid = c.oid
   WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_catalog.pg_cast'::regclass AND d.objid = x.oid AND d.deptype IN ('e', 'i'))`,
  ["pg_cast", "x.oid"],
);

const transforms = objects(
  "'transform'",
  `format_type(x.trftype, NULL) || ' LANGUAGE ' || (SELECT quote_ident(l.lanname) FROM pg_language l WHERE l.oid = x.trflang)`,
  "quote_ident(t.typname)",
  {
    "from SQL function": optionalFunction("x.trffromsql"),
    "to SQL function": optionalFunction("x.trftosql"),
    comment: comment("pg_transform", "x.oid"),
  },
  `wanted o JOIN pg_type t ON t.typnamespace = o.oid JOIN pg_transform x ON x.trftype = t.oid WHERE ${own("pg_transform", "x.oid")}`,
  ["pg_transform", "x.oid"],
);

/** Selects of operators, of what uses them, and of conversions between types and encodings. */
export const operatorSelects: readonly string[] = [
  operators,
  operatorFamilies,
  operatorClasses,
  conversions,
  casts,
  transforms,
];
