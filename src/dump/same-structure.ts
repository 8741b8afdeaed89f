import { quoteIdentifier } from "../core/quoting.ts";
import { fill } from "../core/template.ts";
import type { StructureDump } from "./types.ts";

/** A structure's statements for a schema of this name, without their order. */
export function statementsFor(
  { preData, postData }: Pick<StructureDump, "preData" | "postData">,
  schema: string,
): ReadonlySet<string> {
  const quoted = quoteIdentifier(schema);
  return new Set([...preData, ...postData].map((template) => fill(template, quoted)));
}

/**
 * The statements that only one of two structures contains, those of the first one first.
 *
 * @param schema the name that fills the gaps: a gap in one structure equals this name in the other
 */
export function differingStatements(
  one: Pick<StructureDump, "preData" | "postData">,
  other: Pick<StructureDump, "preData" | "postData">,
  schema: string,
): string[] {
  const [first, second] = [statementsFor(one, schema), statementsFor(other, schema)];
  return [
    ...[...first].filter((statement) => !second.has(statement)),
    ...[...second].filter((statement) => !first.has(statement)),
  ];
}

/** The first line of a statement that contains a name; without one, the first line. */
export function lineWith(statement: string, name: string): string {
  const lines = statement.split("\n");
  return (lines.find((line) => line.includes(name)) ?? lines[0] ?? "").trim();
}
