import { nameOf, type Rule, unlessSmall } from "../rule.ts";
import { commandsOf, relationIn } from "../tree-parts.ts";

export const validateInSameTransaction: Rule = {
  id: "validate-in-same-transaction",
  severity: "error",
  summary: "a constraint is validated in the transaction that adds it",
  why: "NOT VALID and VALIDATE CONSTRAINT are separate so that the rows are read without a strong lock. In one transaction, the lock of ADD CONSTRAINT is held until the rows are read and the transaction commits, so that the application waits as long as without NOT VALID.",
  bad: [
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY, "age" integer);`,
      sql: `ALTER TABLE "users" ADD CONSTRAINT "adult" CHECK ("age" >= 18) NOT VALID;
ALTER TABLE "users" VALIDATE CONSTRAINT "adult";`,
    },
  ],
  good: [
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY, "age" integer);
ALTER TABLE "users" ADD CONSTRAINT "adult" CHECK ("age" >= 18) NOT VALID;`,
      sql: `ALTER TABLE "users" VALIDATE CONSTRAINT "adult";`,
    },
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY, "age" integer);`,
      sql: `ALTER TABLE "users" ADD CONSTRAINT "adult" CHECK ("age" >= 18) NOT VALID;
COMMIT;
ALTER TABLE "users" VALIDATE CONSTRAINT "adult";`,
    },
  ],
  find({ kind, body, source, earlier, isNew }, context) {
    const table = relationIn(body.relation, source);
    if (table === undefined || isNew(table)) return [];
    const addedEarlier = (name: string | undefined) =>
      earlier.some(
        (one) =>
          commandsOf(one.kind, one.body).some(
            ({ subtype, def }) => subtype === "AT_AddConstraint" && def.conname === name,
          ) && relationIn(one.body.relation, source)?.name === table.name,
      );
    return commandsOf(kind, body)
      .filter(({ subtype, name }) => subtype === "AT_ValidateConstraint" && addedEarlier(name))
      .map(({ name }) => ({
        message: `${name} on ${nameOf(table)} is added and validated in one transaction`,
        remedy: `Move this statement into the next migration: ALTER TABLE "${table.name}" VALIDATE CONSTRAINT "${name}";`,
        ...unlessSmall([{ ...table, kind: "r" }], context),
      }));
  },
};
