import type { SchemaObject } from "../../catalog/properties.ts";
import { withoutMark } from "../../catalog/properties.ts";
import {
  assertNone,
  ownerOf,
  partName,
  qualified,
  type RepairStatement,
  statement,
  wordFor,
} from "./statement.ts";

/**
 * Drops an object that is not expected. What holds data is dropped only if it is empty.
 *
 * @param ownerKind the kind of what it is a part of
 */
export function dropExtra(object: SchemaObject, ownerKind: string): RepairStatement[] {
  const name = withoutMark(object.name);
  const drop = { ...dropObject(object, ownerKind), removes: true };
  if (object.kind === "table")
    return [
      statement(`LOCK TABLE ${qualified(object)} IN ACCESS EXCLUSIVE MODE`),
      assertNone(`SELECT FROM ${qualified(object)}`, `table ${name} is not empty`),
      drop,
    ];
  if (
    object.kind === "column" &&
    ownerKind === "table" &&
    object.properties.generated === undefined
  )
    return [
      statement(`LOCK TABLE ${ownerOf(object)} IN ACCESS EXCLUSIVE MODE`),
      assertNone(
        `SELECT FROM ${ownerOf(object)} WHERE ${partName(object)} IS NOT NULL`,
        `column ${name} has values`,
      ),
      drop,
    ];
  return [drop];
}

/** DROP for an object of any kind. */
export function dropObject(object: SchemaObject, ownerKind: string): RepairStatement {
  const { kind } = object;
  const [owner, part] = [ownerOf(object), partName(object)];
  if (kind === "attribute") return statement(`ALTER TYPE ${owner} DROP ATTRIBUTE ${part} CASCADE`);
  if (kind === "cast") return statement(`DROP CAST (${object.name})`);
  if (kind === "transform") return statement(`DROP TRANSFORM FOR ${object.name}`);
  if (kind === "column" || kind === "constraint")
    return statement(`ALTER ${wordFor(ownerKind)} ${owner} DROP ${wordFor(kind)} ${part}`);
  if (kind === "trigger" || kind === "rule" || kind === "policy")
    return statement(`DROP ${wordFor(kind)} ${part} ON ${owner}`);
  return statement(`DROP ${wordFor(kind)} ${qualified(object)}`);
}
