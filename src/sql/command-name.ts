import type { Tree } from "./parser.ts";

/** Commands whose name in the parser differs from the one in PostgreSQL's documentation. */
const commands: Readonly<Record<string, string>> = {
  AlterDatabaseRefreshColl: "ALTER DATABASE",
  AlterDatabaseSet: "ALTER DATABASE",
  AlterEventTrig: "ALTER EVENT TRIGGER",
  AlterExtensionContents: "ALTER EXTENSION",
  AlterFdw: "ALTER FOREIGN DATA WRAPPER",
  AlterForeignServer: "ALTER SERVER",
  AlterRoleSet: "ALTER ROLE",
  AlterTableMoveAll: "ALTER TABLE ALL IN TABLESPACE",
  AlterTableSpaceOptions: "ALTER TABLESPACE",
  CheckPoint: "CHECKPOINT",
  ClosePortal: "CLOSE",
  CreateAm: "CREATE ACCESS METHOD",
  CreateEventTrig: "CREATE EVENT TRIGGER",
  CreateFdw: "CREATE FOREIGN DATA WRAPPER",
  CreateForeignServer: "CREATE SERVER",
  CreatePLang: "CREATE LANGUAGE",
  CreateTableSpace: "CREATE TABLESPACE",
  Createdb: "CREATE DATABASE",
  DeclareCursor: "DECLARE",
  DropTableSpace: "DROP TABLESPACE",
  Dropdb: "DROP DATABASE",
  SecLabel: "SECURITY LABEL",
};

/** What precedes the kind of object in commands for several kinds. */
const verbs: Readonly<Record<string, string>> = {
  AlterObjectDepends: "ALTER",
  AlterObjectSchema: "ALTER",
  AlterOwner: "ALTER",
  Comment: "COMMENT ON",
  Drop: "DROP",
  Grant: "GRANT ON",
  Rename: "ALTER",
};

const objects: Readonly<Record<string, string>> = {
  FDW: "FOREIGN DATA WRAPPER",
  FOREIGN_SERVER: "SERVER",
  PARAMETER_ACL: "PARAMETER",
};

/**
 * The name of a statement in PostgreSQL's documentation: `CREATE ROLE`, `COMMENT ON DATABASE`.
 *
 * @param kind the parser's name for it, such as `CreateRoleStmt`
 * @param body its node, if known
 */
export function commandName(kind: string, body: Tree = {}): string {
  const plain = kind.replace(/Stmt$/, "");
  if (plain === "GrantRole")
    return body.is_grant === false ? "REVOKE of a role" : "GRANT of a role";
  const verb = verbs[plain];
  const type = body.removeType ?? body.renameType ?? body.objectType ?? body.objtype;
  if (verb !== undefined && typeof type === "string") {
    const object = type.replace(/^OBJECT_/, "");
    return `${verb} ${objects[object] ?? object.replaceAll("_", " ")}`;
  }
  return commands[plain] ?? plain.replace(/(?<=[a-z])(?=[A-Z])/g, " ").toUpperCase();
}
