import { isTree, walk } from "../../sql/tree.ts";
import { type LintedStatement, nameOf, type Rule, type RuleFinding } from "../rule.ts";
import { commandsOf, droppedObjects, relationIn } from "../tree-parts.ts";

export const access: Rule = {
  id: "access",
  severity: "warning",
  summary: "a statement opens or weakens the access to data",
  why: "Without row-level security, a policy or a trigger, rows are readable or writable that were not before, at once and in every tenant. A reviewer should see such a statement and its reason.",
  bad: [
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY); ALTER TABLE "users" ENABLE ROW LEVEL SECURITY;`,
      sql: `ALTER TABLE "users" DISABLE ROW LEVEL SECURITY;`,
    },
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY); CREATE POLICY "own" ON "users" USING ("id" > 0);`,
      sql: `DROP POLICY "own" ON "users";`,
    },
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY);`,
      sql: `GRANT SELECT ON "users" TO PUBLIC;`,
    },
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY);`,
      sql: `ALTER TABLE "users" DISABLE TRIGGER USER;`,
    },
  ],
  good: [
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY); CREATE POLICY "own" ON "users" USING ("id" > 0);`,
      sql: `DROP POLICY "own" ON "users"; CREATE POLICY "own" ON "users" USING ("id" > 1);`,
    },
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY);`,
      sql: `ALTER TABLE "users" ENABLE ROW LEVEL SECURITY;`,
    },
  ],
  find(statement) {
    return [...switchedOff(statement), ...policiesDropped(statement), ...granted(statement)];
  },
};

const off: Readonly<Record<string, readonly [what: string, on: RegExp]>> = {
  AT_DisableRowSecurity: ["row-level security is switched off", /^AT_EnableRowSecurity$/],
  AT_NoForceRowSecurity: ["row-level security no longer applies to the owner", /^AT_ForceRow/],
  AT_DisableTrig: ["a trigger is switched off", /^AT_Enable.*Trig$/],
  AT_DisableTrigAll: ["all triggers are switched off", /^AT_EnableTrigAll$/],
  AT_DisableTrigUser: ["the triggers are switched off", /^AT_EnableTrig(User|All)$/],
};

function switchedOff(statement: LintedStatement): RuleFinding[] {
  const { kind, body, source, isNew, all } = statement;
  const table = relationIn(body.relation, source);
  if (table === undefined || isNew(table)) return [];
  const later = all.slice(all.indexOf(statement) + 1);
  return commandsOf(kind, body).flatMap(({ subtype, name }) => {
    const [what, on] = off[subtype] ?? [];
    const returns = later.some(
      (one) =>
        relationIn(one.body.relation, source)?.name === table.name &&
        commandsOf(one.kind, one.body).some(
          (command) => on?.test(command.subtype) === true && command.name === name,
        ),
    );
    if (what === undefined || returns) return [];
    return [
      {
        message: `on ${nameOf(table)}, ${what}`,
        remedy:
          "If this is meant, say why in the comment that allows the statement. A trigger that is in the way of a backfill can be switched on again in the same migration.",
      },
    ];
  });
}

function policiesDropped(statement: LintedStatement): RuleFinding[] {
  const { kind, body, all } = statement;
  const later = all.slice(all.indexOf(statement) + 1);
  return droppedObjects(kind, body).flatMap(({ type, parts }) => {
    const name = parts.at(-1);
    const returns = later.some(
      (one) => one.kind === "CreatePolicyStmt" && one.body.policy_name === name,
    );
    if (type !== "POLICY" || returns) return [];
    return [
      {
        message: `the policy ${name} of ${parts.at(-2)} is dropped`,
        remedy: "To change a policy, use ALTER POLICY, or create it again in the same migration.",
      },
    ];
  });
}

function granted({ kind, body }: LintedStatement): RuleFinding[] {
  const grant = kind === "AlterDefaultPrivilegesStmt" && isTree(body.action) ? body.action : body;
  if (!/^(Grant|AlterDefaultPrivileges)Stmt$/.test(kind) || grant.is_grant !== true) return [];
  // PostgreSQL itself lets PUBLIC use functions and types.
  if (/FUNCTION|PROCEDURE|ROUTINE|TYPE|DOMAIN/.test(String(grant.objtype))) return [];
  let isPublic = false;
  walk(grant.grantees, (node) => {
    isPublic ||= node.roletype === "ROLESPEC_PUBLIC";
  });
  if (!isPublic) return [];
  return [
    {
      message:
        "PUBLIC is every role on the server, also those of other tenants: drizzle-fleet grants this to the role that runs migrations instead",
      remedy:
        "Remove the statement: drizzle-fleet grants access to the application role. To give another role access, grant to it by name.",
    },
  ];
}
