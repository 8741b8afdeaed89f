import type { Comment } from "../../catalog/comments.ts";
import type { Column, Relation } from "../../catalog/relations.ts";
import type {
  Constraint,
  Index,
  Policy,
  Rule,
  Statistics,
  Trigger,
} from "../../catalog/table-parts.ts";
import { quoteIdentifier, quoteLiteral } from "../../core/quoting.ts";
import { columnActions } from "./columns.ts";
import { storageOptions } from "./storage-options.ts";
import { optionsClause } from "./tables.ts";

export function createView(view: Relation, columns: readonly Column[]): string[] {
  const definition = (view.definition ?? "").replace(/;\s*$/, "");
  const options = optionsClause(view).map((clause) => ` ${clause}`);
  if (view.kind === "v")
    return [`CREATE VIEW ${view.qualified}${options.join("")} AS\n${definition}`];
  const method = view.method === null ? "" : ` USING ${quoteIdentifier(view.method)}`;
  const actions = columns.flatMap(columnActions);
  return [
    `CREATE MATERIALIZED VIEW ${view.qualified}${method}${options.join("")} AS\n${definition}\nWITH NO DATA`,
    ...(actions.length === 0
      ? []
      : [`ALTER MATERIALIZED VIEW ${view.qualified} ${actions.join(", ")}`]),
  ];
}

export function addConstraint(table: Relation, constraint: Constraint, index?: Index): string[] {
  // ONLY: each partition's key is created separately. Other constraints are inherited.
  const only = "pux".includes(constraint.kind) ? "ONLY " : "";
  const { name, definition } = constraint;
  return [
    `ALTER TABLE ${only}${table.qualified} ADD CONSTRAINT ${quoteIdentifier(name)} ${definition}`,
    ...(index === undefined ? [] : indexOptions(index)),
    ...(index === undefined ? [] : indexProperties(table, index)),
  ];
}

export function createIndex(table: Relation, index: Index): string[] {
  return [index.definition, ...indexProperties(table, index)];
}

/** The options of a constraint's index, which the constraint's definition does not contain. */
function indexOptions({ qualified, method, options }: Index): string[] {
  const given = storageOptions(options, method);
  return given === "" ? [] : [`ALTER INDEX ${qualified} SET (${given})`];
}

function indexProperties(table: Relation, index: Index): string[] {
  const name = quoteIdentifier(index.name);
  const statements: string[] = [];
  if (index.clustered) statements.push(`ALTER TABLE ${table.qualified} CLUSTER ON ${name}`);
  if (index.replicaIdentity)
    statements.push(`ALTER TABLE ONLY ${table.qualified} REPLICA IDENTITY USING INDEX ${name}`);
  for (const [column, target] of index.statistics ?? [])
    statements.push(
      `ALTER INDEX ${index.qualified} ALTER COLUMN ${column} SET STATISTICS ${target}`,
    );
  return statements;
}

export const states: Readonly<Record<string, string>> = {
  O: "ENABLE",
  D: "DISABLE",
  R: "ENABLE REPLICA",
  A: "ENABLE ALWAYS",
};

export function createTrigger(table: Relation, { definition, name, enabled }: Trigger): string[] {
  // Without ONLY, for the triggers of partitions, too.
  const state = `ALTER TABLE ${table.qualified} ${states[enabled]} TRIGGER ${quoteIdentifier(name)}`;
  return [definition, ...(enabled === "O" ? [] : [state])];
}

/** The state of a trigger of a partition that differs from its parent's. */
export function triggerState(table: Relation, name: string, enabled: string): string {
  return `ALTER TABLE ONLY ${table.qualified} ${states[enabled]} TRIGGER ${quoteIdentifier(name)}`;
}

export function createRule(table: Relation, { definition, name, enabled }: Rule): string[] {
  const created = definition.replace(/;\s*$/, "");
  if (enabled === "O") return [created];
  return [
    created,
    `ALTER TABLE ${table.qualified} ${states[enabled]} RULE ${quoteIdentifier(name)}`,
  ];
}

export const commands: Readonly<Record<string, string>> = {
  r: "SELECT",
  a: "INSERT",
  w: "UPDATE",
  d: "DELETE",
};

export function createPolicy(table: Relation, policy: Policy): string {
  const { name, permissive, command, roles, using, check } = policy;
  const names = roles.map((role) => (role === null ? "PUBLIC" : quoteIdentifier(role)));
  return [
    `CREATE POLICY ${quoteIdentifier(name)} ON ${table.qualified} AS ${permissive ? "PERMISSIVE" : "RESTRICTIVE"}`,
    `FOR ${commands[command] ?? "ALL"} TO ${names.join(", ")}`,
    ...(using === null ? [] : [`USING (${using})`]),
    ...(check === null ? [] : [`WITH CHECK (${check})`]),
  ].join(" ");
}

export function rowSecurity({ qualified, rowSecurity: on, forceRowSecurity }: Relation): string[] {
  const actions = [
    ...(on ? ["ENABLE ROW LEVEL SECURITY"] : []),
    ...(forceRowSecurity ? ["FORCE ROW LEVEL SECURITY"] : []),
  ];
  return actions.length === 0 ? [] : [`ALTER TABLE ${qualified} ${actions.join(", ")}`];
}

export function createStatistics({ definition, qualified, target }: Statistics): string[] {
  if (target === null) return [definition];
  return [definition, `ALTER STATISTICS ${qualified} SET STATISTICS ${target}`];
}

/** Kinds of objects for which COMMENT uses another word than `pg_identify_object`. */
const words: Readonly<Record<string, string>> = {
  "table constraint": "CONSTRAINT",
  "composite type": "TYPE",
  "statistics object": "STATISTICS",
};

export function commentOn({ type, identity, text }: Comment): string {
  const word = type.endsWith(" column") ? "COLUMN" : (words[type] ?? type.toUpperCase());
  if (type === "domain constraint")
    return `COMMENT ON CONSTRAINT ${identity.replace(/(?<=^(?:"(?:[^"]|"")+"|\S+) on )/, "DOMAIN ")} IS ${quoteLiteral(text)}`;
  const named = type === "aggregate" ? identity.replace(/\(\)$/, "(*)") : identity;
  return `COMMENT ON ${word} ${named} IS ${quoteLiteral(text)}`;
}
