import type { PropertyValue, SchemaObject } from "../../catalog/properties.ts";
import { quoteIdentifier } from "../../core/quoting.ts";
import {
  ownerOf,
  partName,
  qualified,
  type RepairStatement,
  statement,
  wordFor,
} from "./statement.ts";

/** Privileges of one role: each with whether it can be granted to others. */
type Granted = ReadonlyMap<string, boolean>;

const grantOption = " WITH GRANT OPTION";

/** GRANT and REVOKE for an object, or for a column. */
export function alterPrivileges(
  object: SchemaObject,
  value: PropertyValue | undefined,
  was: PropertyValue | undefined,
): RepairStatement[] | string {
  const isColumn = object.kind === "column";
  const columns = isColumn ? ` (${partName(object)})` : "";
  const place = isColumn ? ownerOf(object) : qualified(object);
  const target = `ON ${grantWord(object.kind)} ${place}`;
  return changes(value, was, ownerIn(object), (privileges) =>
    privileges.map((one) => `${one}${columns}`).join(", "),
  )((verb, list, role) => `${verb} ${list} ${target} ${role}`);
}

/** GRANT and REVOKE of default privileges, whose name is such as `tables of (owner)`. */
export function alterDefaultPrivileges(
  { name }: SchemaObject,
  value: PropertyValue | undefined,
  was: PropertyValue | undefined,
  schemaOwner: string | undefined,
): RepairStatement[] | string {
  const [, kind = "", role = ""] = /^(\w+) of (.*)$/s.exec(name) ?? [];
  const creator = role === "(owner)" ? schemaOwner : role;
  if (creator === undefined || kind === "others") return "its role is not known";
  const begin = `ALTER DEFAULT PRIVILEGES FOR ROLE ${quoteIdentifier(creator)} IN SCHEMA {schema}`;
  return changes(value, was, creator, (list) => list.join(", "))(
    (verb, list, to) => `${begin} ${verb} ${list} ON ${kind.toUpperCase()} ${to}`,
  );
}

function grantWord(kind: string): string {
  if (["table", "view", "materialized view", "foreign table", "column"].includes(kind))
    return "TABLE";
  if (["function", "procedure", "aggregate"].includes(kind)) return "ROUTINE";
  return wordFor(kind === "domain" ? "type" : kind);
}

/** The name of the owner, if the properties contain it. */
function ownerIn({ properties: { owner } }: SchemaObject): string | undefined {
  return typeof owner === "string" ? owner : undefined;
}

type Write = (verb: string, privileges: string, role: string) => string;

function changes(
  value: PropertyValue | undefined,
  was: PropertyValue | undefined,
  owner: string | undefined,
  list: (privileges: readonly string[]) => string,
) {
  return (write: Write): RepairStatement[] | string => {
    const [expected, found] = [grantedIn(value), grantedIn(was)];
    const statements: RepairStatement[] = [];
    const add = (sql: string) => statements.push(statement(sql, { environmental: true }));
    for (const grantee of new Set([...expected.keys(), ...found.keys()])) {
      const role = roleFor(grantee, owner);
      if (role === undefined) return `the name of the role ${grantee} differs between tenants`;
      const [wanted, held] = [expected.get(grantee) ?? none, found.get(grantee) ?? none];
      const revoked = [...held.keys()].filter((one) => !wanted.has(one));
      const regranted = [...wanted].filter(([one, may]) => held.get(one) === true && !may);
      if (revoked.length > 0) add(write("REVOKE", list(revoked), `FROM ${role}`));
      if (regranted.length > 0)
        add(write("REVOKE GRANT OPTION FOR", list(regranted.map(([one]) => one)), `FROM ${role}`));
      for (const may of [false, true]) {
        const granted = [...wanted].filter(
          ([one, option]) => option === may && (!held.has(one) || (may && held.get(one) !== true)),
        );
        if (granted.length > 0)
          add(
            write(
              "GRANT",
              list(granted.map(([one]) => one)),
              `TO ${role}${may ? grantOption : ""}`,
            ),
          );
      }
    }
    return statements;
  };
}

const none: Granted = new Map();

function grantedIn(value: PropertyValue | undefined): Map<string, Granted> {
  if (typeof value !== "object" || value === null) return new Map();
  return new Map(
    Object.entries(value).map(([role, privileges]) => [
      role,
      new Map(
        privileges
          .split(", ")
          .map((one): [string, boolean] => [
            one.replace(grantOption, ""),
            one.endsWith(grantOption),
          ]),
      ),
    ]),
  );
}

/** SQL for a role; undefined if its name is not known. */
function roleFor(grantee: string, owner: string | undefined): string | undefined {
  if (grantee === "PUBLIC") return "PUBLIC";
  if (grantee === "(tenant)") return undefined;
  if (grantee !== "(owner)") return quoteIdentifier(grantee);
  return owner === undefined ? undefined : quoteIdentifier(owner);
}
