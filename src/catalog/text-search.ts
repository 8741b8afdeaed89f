import type { SchemaReader } from "./schema-reader.ts";

export interface SearchConfiguration {
  readonly oid: number;
  readonly qualified: string;
  readonly parser: string;
  /** The dictionaries for each kind of token. */
  readonly mappings: { readonly token: string; readonly dictionaries: string }[] | null;
}

export async function readSearchConfigurations({
  session,
  oids,
}: SchemaReader): Promise<SearchConfiguration[]> {
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
}: SchemaReader): Promise<SearchDictionary[]> {
  return session.query<SearchDictionary>(
    `SELECT d.oid, d.oid::regdictionary::text AS qualified, format('%I.%I', n.nspname, t.tmplname) AS template, d.dictinitoption AS options
     FROM pg_ts_dict d JOIN pg_ts_template t ON t.oid = d.dicttemplate JOIN pg_namespace n ON n.oid = t.tmplnamespace
     WHERE d.oid = ANY($1::oid[]) ORDER BY d.oid`,
    [oids("pg_ts_dict")],
  );
}
