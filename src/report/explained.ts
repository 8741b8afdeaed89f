import type { AffectedTable, ExplainedStatement } from "../core/lint.ts";
import { duration } from "../core/time.ts";
import { cut, widthOf } from "../core/width.ts";
import { style } from "./style.ts";
import { table } from "./table.ts";

/** The width of the table, without a terminal. */
const columns = 80;

/** The widest cell with the names of tables. */
const widestNames = 16;

/** A table for each file: the strongest lock of each statement, on which tables, and what it does meanwhile. */
export function explainedText(statements: readonly ExplainedStatement[]): string[] {
  const files = new Map<string, ExplainedStatement[]>();
  for (const one of statements) files.set(one.file, [...(files.get(one.file) ?? []), one]);
  return [...files].flatMap(([file, own]) => [style("bold", file), ...fileTable(own), ""]);
}

function fileTable(statements: readonly ExplainedStatement[]): string[] {
  const others = statements.map((one) => [lockText(one), tablesText(one), doesText(one)]);
  const heading = ["lock", "tables", "does"];
  const widths = heading.map((title, at) =>
    Math.max(widthOf(title), ...others.map((row) => widthOf(row[at] ?? ""))),
  );
  const used = widths.reduce((sum, width) => sum + width + 2, widthOf("line") + 2);
  const width = Math.max(12, columns - used);
  const rows = statements.map(({ line, statement }, index) => [
    ...[line, cut(statement.replace(/\s+/g, " "), width)],
    ...(others[index] ?? []),
  ]);
  return table(["line", "statement", ...heading], rows);
}

function lockText({ lock, trace }: ExplainedStatement): string {
  if (trace === "traced") return lock?.mode ?? "none";
  return trace === "failed" ? "failed" : "not traced";
}

function tablesText({ lock }: ExplainedStatement): string {
  return cut(namesText(lock?.tables ?? []), widestNames);
}

function doesText(statement: ExplainedStatement): string {
  const { trace, rewrites, scans, aboutMs, opaque } = statement;
  const parts = [
    ...(trace === "alone" ? ["no transaction"] : []),
    ...(rewrites.length === 0 ? [] : [`rewrites${otherNames(rewrites, statement)}`]),
    ...(scans.length === 0 ? [] : [`scans${otherNames(scans, statement)}`]),
    ...(aboutMs === undefined ? [] : [`about ${duration(aboutMs)}`]),
    ...(opaque ? ["opaque"] : []),
  ];
  return parts.join(", ");
}

/** The names of tables, unless they are the locked ones. */
function otherNames(tables: readonly AffectedTable[], { lock }: ExplainedStatement): string {
  const names = tables.map((one) => one.table);
  const isSame =
    names.length === lock?.tables.length && names.every((name) => lock.tables.includes(name));
  return isSame ? "" : ` ${namesText(names)}`;
}

function namesText(names: readonly string[]): string {
  const [first = "", ...others] = names;
  return others.length === 0 ? first : `${first} +${others.length}`;
}
