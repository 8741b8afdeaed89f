import { quoteIdentifier } from "../core/quoting.ts";
import { fill } from "../core/template.ts";
import type { StructureDump } from "./types.ts";

/** What makes a structure, in words: its statements for a schema of this name, free of their order. */
export function statementsFor(
  { preData, postData }: Pick<StructureDump, "preData" | "postData">,
  schema: string,
): ReadonlySet<string> {
  const quoted = quoteIdentifier(schema);
  return new Set([...preData, ...postData].map((template) => fill(template, quoted)));
}

/**
 * Statements that only one of two structures has.
 *
 * @param schema the name to write them with: where one has a gap and the other has the name itself, they are the same
 */
export function unlike(
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

/** The line of a statement that holds a name, for people; its first line otherwise. */
export function lineWith(statement: string, name: string): string {
  const lines = statement.split("\n");
  return (lines.find((line) => line.includes(name)) ?? lines[0] ?? "").trim();
}
