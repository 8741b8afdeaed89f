import type { AffectedTable, ExplainedStatement } from "../core/lint.ts";
import { parseOne } from "../sql/parsed-text.ts";
import { unwrap } from "../sql/tree.ts";
import { type LintContext, nameOf } from "./rule.ts";
import type { TracedRelation } from "./schema.ts";
import type { LintSettings } from "./settings.ts";
import {
  type LockMode,
  type StatementTrace,
  strongest,
  type TracedMigration,
  type TracedStatement,
} from "./trace.ts";

/**
 * What each statement of a migration does.
 *
 * @param isTraced false if there was no server
 */
export function explainMigration(
  { migration, statements }: TracedMigration,
  { sizeOf }: Pick<LintContext, "sizeOf">,
  settings: LintSettings,
  isTraced: boolean,
): ExplainedStatement[] {
  const { service, tag, file } = migration;
  return statements.map((traced) => {
    const { statement, trace } = traced;
    const measured = (tables: readonly TracedRelation[]) =>
      tables.map((table): AffectedTable => {
        const bytes = sizeOf(table);
        return { table: nameOf(table), ...(bytes === undefined ? {} : { bytes }) };
      });
    const rewritten = (trace?.rewritten ?? []).filter(({ kind }) => kind !== "i");
    const names = new Set(rewritten.map(nameOf));
    const rewrites = measured(rewritten);
    const scans = measured((trace?.scanned ?? []).filter((table) => !names.has(nameOf(table))));
    return {
      ...{ service, tag, file, line: statement.line, statement: statement.original },
      ...{ trace: stateOf(traced, isTraced), opaque: isOpaque(statement.original) },
      ...lockOf(trace),
      ...{ rewrites, scans },
      ...about(rewrites, scans, settings),
    };
  });
}

function stateOf(
  { statement, trace }: TracedStatement,
  isTraced: boolean,
): ExplainedStatement["trace"] {
  if (trace !== undefined) return "traced";
  if (!statement.transactional) return "alone";
  return isTraced ? "failed" : "untraced";
}

/** The kinds of statements that run code: what they do is known only when they run. See the rule `opaque`. */
const opaqueKinds: ReadonlySet<string> = new Set(["DoStmt", "CallStmt"]);

function isOpaque(text: string): boolean {
  const [kind] = unwrap(parseOne(text) ?? {});
  return opaqueKinds.has(kind);
}

/** Relations that programs read and write. */
const tableKinds: ReadonlySet<string> = new Set(["r", "p", "m", "v", "S"]);

function lockOf(trace: StatementTrace | undefined): Pick<ExplainedStatement, "lock"> {
  const locks = (trace?.locks ?? []).filter(({ kind }) => tableKinds.has(kind));
  const mode = strongest(locks.map((lock) => lock.mode));
  if (mode === undefined) return {};
  const tables = locks.filter((lock) => lock.mode === mode).map(nameOf);
  return { lock: { mode: sqlName(mode), tables } };
}

/** The mode as LOCK TABLE spells it: `ACCESS EXCLUSIVE`. */
function sqlName(mode: LockMode): string {
  return mode
    .replace(/Lock$/, "")
    .replace(/(?!^)[A-Z]/g, " $&")
    .toUpperCase();
}

function about(
  rewrites: readonly AffectedTable[],
  scans: readonly AffectedTable[],
  { rewritePerSecond, scanPerSecond }: LintSettings,
): Pick<ExplainedStatement, "aboutMs"> {
  if ([...rewrites, ...scans].some(({ bytes }) => bytes === undefined)) return {};
  const sum = (tables: readonly AffectedTable[]) =>
    tables.reduce((total, { bytes = 0 }) => total + bytes, 0);
  if (rewrites.length + scans.length === 0) return {};
  const seconds = sum(rewrites) / rewritePerSecond + sum(scans) / scanPerSecond;
  return { aboutMs: Math.round(seconds * 1_000) };
}
