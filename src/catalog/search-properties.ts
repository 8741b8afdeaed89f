import { comment, objects, optionalFunction, own, owner, qualified } from "./property-sql.ts";

const parserOf = (oid: string) =>
  `(SELECT ${qualified("n.nspname", "r.prsname")} FROM pg_ts_parser r JOIN pg_namespace n ON n.oid = r.prsnamespace WHERE r.oid = ${oid})`;

const configurations = objects(
  "'text search configuration'",
  "quote_ident(c.cfgname)",
  "NULL",
  {
    parser: parserOf("c.cfgparser"),
    mappings: `(SELECT jsonb_object_agg(coalesce(t.alias, m.token::text), m.dictionaries) FROM (
        SELECT maptokentype AS token, string_agg(mapdict::regdictionary::text, ', ' ORDER BY mapseqno) AS dictionaries
        FROM pg_ts_config_map WHERE mapcfg = c.oid GROUP BY maptokentype) m LEFT JOIN ts_token_type(c.cfgparser) t ON t.tokid = m.token)`,
    owner: owner("c.cfgowner"),
    comment: comment("pg_ts_config", "c.oid"),
  },
  `wanted o JOIN pg_ts_config c ON c.cfgnamespace = o.oid WHERE ${own("pg_ts_config", "c.oid")}`,
  ["pg_ts_config", "c.oid"],
);

const dictionaries = objects(
  "'text search dictionary'",
  "quote_ident(c.dictname)",
  "NULL",
  {
    template: `(SELECT ${qualified("n.nspname", "t.tmplname")} FROM pg_ts_template t JOIN pg_namespace n ON n.oid = t.tmplnamespace WHERE t.oid = c.dicttemplate)`,
    "dictionary options": `c.dictinitoption`,
    owner: owner("c.dictowner"),
    comment: comment("pg_ts_dict", "c.oid"),
  },
  `wanted o JOIN pg_ts_dict c ON c.dictnamespace = o.oid WHERE ${own("pg_ts_dict", "c.oid")}`,
  ["pg_ts_dict", "c.oid"],
);

const parsers = objects(
  "'text search parser'",
  "quote_ident(c.prsname)",
  "NULL",
  {
    "start function": `c.prsstart::text`,
    "token function": `c.prstoken::text`,
    "end function": `c.prsend::text`,
    "headline function": optionalFunction("c.prsheadline"),
    "token types function": `c.prslextype::text`,
    comment: comment("pg_ts_parser", "c.oid"),
  },
  `wanted o JOIN pg_ts_parser c ON c.prsnamespace = o.oid WHERE ${own("pg_ts_parser", "c.oid")}`,
  ["pg_ts_parser", "c.oid"],
);

const templates = objects(
  "'text search template'",
  "quote_ident(c.tmplname)",
  "NULL",
  {
    "init function": optionalFunction("c.tmplinit"),
    "lexize function": `c.tmpllexize::text`,
    comment: comment("pg_ts_template", "c.oid"),
  },
  `wanted o JOIN pg_ts_template c ON c.tmplnamespace = o.oid WHERE ${own("pg_ts_template", "c.oid")}`,
  ["pg_ts_template", "c.oid"],
);

/** Selects of everything about text search. */
export const searchSelects: readonly string[] = [configurations, dictionaries, parsers, templates];
