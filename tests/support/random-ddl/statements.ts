import type { Random } from "../random.ts";
import type { Things } from "./things.ts";

/** Writes a statement about what a schema has; undefined if it has nothing of the kind. `unique` is a name that is not used. */
export type Write = (things: Things, random: Random, unique: string) => string | undefined;

/** How often a statement is chosen, relative to the others. */
export type Weighted = readonly [weight: number, write: Write];

export function pick<Item>(random: Random, items: readonly Item[]): Item | undefined {
  return items[random.below(items.length)];
}

type Kind = Exclude<keyof Things, "schema">;

/** A statement about one thing of a kind. */
export const about =
  <Of extends Kind>(
    kind: Of,
    write: (
      thing: Things[Of][number],
      random: Random,
      unique: string,
      things: Things,
    ) => string | undefined,
  ): Write =>
  (things, random, unique) => {
    const thing = pick<Things[Of][number]>(random, things[kind]);
    return thing === undefined ? undefined : write(thing, random, unique, things);
  };

export const oneOf = (random: Random, ...texts: readonly string[]) => pick(random, texts) ?? "";
const roles = ["PUBLIC", "pg_monitor", "pg_read_all_data", "CURRENT_USER"];
export const grant = (random: Random, privileges: readonly string[], on: string) => {
  const [some, role] = [oneOf(random, ...privileges), oneOf(random, ...roles)];
  if (random.chance(0.5)) return `REVOKE ${some} ON ${on} FROM ${role}`;
  const option = role !== "PUBLIC" && random.chance(0.2) ? " WITH GRANT OPTION" : "";
  return `GRANT ${some} ON ${on} TO ${role}${option}`;
};
export const comment = (random: Random, on: string) =>
  `COMMENT ON ${on} IS ${oneOf(random, "NULL", "'noted'", "'it''s {x}'")}`;
export const owner = (random: Random, what: string) =>
  `ALTER ${what} OWNER TO ${oneOf(random, "pg_monitor", "CURRENT_USER")}`;
export const tablePrivileges = [
  "SELECT",
  "INSERT",
  "UPDATE",
  "DELETE, TRUNCATE",
  "ALL",
  "REFERENCES",
];
