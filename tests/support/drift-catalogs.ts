import { expect, test } from "vitest";
import { propertiesQuery } from "../../src/catalog/properties-query.ts";
import { readCatalogs, readUnmodelled } from "../../src/catalog/unmodelled.ts";
import { withSession } from "../../src/postgres/session.ts";
import type { createDatabase } from "./database.ts";

/** Catalogs that no reader of drift uses, by the reason. */
const otherCatalogs: Readonly<Record<string, readonly string[]>> = {
  "they describe a database or a cluster": [
    ...["pg_database", "pg_db_role_setting", "pg_event_trigger", "pg_extension", "pg_init_privs"],
    ...["pg_foreign_data_wrapper", "pg_user_mapping", "pg_parameter_acl", "pg_replication_origin"],
    ...["pg_authid", "pg_auth_members", "pg_shdepend", "pg_shdescription", "pg_shseclabel"],
  ],
  "they hold data": [
    ...["pg_largeobject", "pg_largeobject_metadata", "pg_statistic", "pg_statistic_ext_data"],
  ],
  "pg_get_partkeydef reads them": ["pg_partitioned_table"],
};

/** Columns of the catalogs that drift reads, and that it leaves out, by the reason. */
const otherColumns: Readonly<Record<string, string>> = {
  "pg_get_constraintdef and pg_get_indexdef read them": `condeferred confrelid confupdtype confdeltype confmatchtype connoinherit
    confkey conpfeqop conppeqop conffeqop confdelsetcols conexclop conbin conenforced conperiod indnatts indnkeyatts indisunique
    indnullsnotdistinct indisprimary indisexclusion indimmediate indkey indcollation indclass indoption indpred`,
  "pg_get_triggerdef and pg_get_ruledef read them": `tgtype tgconstrrelid tgconstrindid tgdeferrable tginitdeferred tgnargs
    tgattr tgargs tgqual tgoldtable tgnewtable ev_type is_instead ev_qual ev_action`,
  "pg_get_function_arguments and the like read them": `provariadic proretset pronargs pronargdefaults prorettype proargtypes
    proallargtypes proargmodes proargnames proargdefaults prosqlbody aggnumdirectargs`,
  "pg_get_statisticsobjdef reads them": "stxkeys stxkind stxexprs",
  "they follow from other columns": `attlen attbyval attalign atthasdef relhasindex relnatts relchecks relhasrules relhastriggers
    relhassubclass typisdefined typrelid typdefaultbin amoppurpose amopmethod oprkind oprresult`,
  "they hold data, or the state of a command or of a server": `attcacheoff atthasmissing attmissingval relfilenode relpages
    reltuples relallvisible relallfrozen relrewrite relfrozenxid relminmxid relisshared indcheckxmin indislive srsubstate
    srsublsn collversion`,
  "PostgreSQL does not use them": "attndims typndims collencoding",
};

/** Catalogs of which drift reads the names alone: their objects belong to a database or a cluster. */
const namesOnly = new Set([
  ...["pg_am", "pg_foreign_server", "pg_language", "pg_publication", "pg_subscription"],
  ...["pg_tablespace"],
]);

const listed = (lists: Iterable<string>) =>
  [...lists].flatMap((list) => list.split(/\s+/)).filter((one) => one !== "");

/** Defines the tests that drift knows every catalog of a server, and names what it does not compare. */
export function testCatalogs(create: () => ReturnType<typeof createDatabase>): void {
  test("drift reads every column of every catalog, or leaves it out for a reason", async () => {
    const database = await create();
    const rows = await database.query<{ catalog: string; name: string }>(
      `SELECT c.relname AS catalog, a.attname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
       WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind = 'r'`,
    );
    const known = new Set(propertiesQuery.match(/\w+/g));
    const catalogs = [...new Set(rows.map(({ catalog }) => catalog))];
    const unread = catalogs.filter((catalog) => !known.has(catalog));
    const expected = new Set(Object.values(otherCatalogs).flat());
    expect(unread.filter((catalog) => !expected.has(catalog))).toEqual([]);
    const columns = new Set(listed(Object.values(otherColumns)));
    const unknown = rows.filter(
      ({ catalog, name }) =>
        known.has(catalog) && !namesOnly.has(catalog) && !known.has(name) && !columns.has(name),
    );
    expect(unknown).toEqual([]);
    expect(readCatalogs.filter((catalog) => !known.has(catalog))).toEqual([]);
  });

  test("what belongs to a schema and is not compared is named", async () => {
    const database = await create();
    await database.query(`CREATE SCHEMA "One"; CREATE SCHEMA two; CREATE SCHEMA three; CREATE EXTENSION citext SCHEMA "One";
      CREATE FUNCTION two.log() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE TABLE two.t (id "One".citext);
      CREATE EVENT TRIGGER logged ON ddl_command_end WHEN TAG IN ('DROP CONVERSION') EXECUTE FUNCTION two.log();
      CREATE FUNCTION two.handler() RETURNS language_handler LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_call_handler';
      CREATE LANGUAGE spoken HANDLER two.handler`);
    const found = await withSession(
      { name: "main", url: database.url },
      { waitMs: 5_000 },
      (session) => readUnmodelled(session, ["One", "two", "three"]),
    );
    expect(found).toEqual(
      new Map([
        ["One", [{ kind: "extension", name: "citext" }]],
        [
          "two",
          [
            { kind: "event trigger", name: "logged" },
            { kind: "language", name: "spoken" },
          ],
        ],
      ]),
    );
  });
}
