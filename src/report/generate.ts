import type { Finding } from "../core/finding.ts";
import { findingText } from "./check.ts";

interface ShownMigration {
  readonly file: string;
  readonly sql: string;
  readonly downFile: string;
  readonly down: string;
  readonly notes: readonly string[];
  readonly unproved: string | undefined;
}

/** The files that generate wrote, or would write without a dry run. */
export function generatedText(
  generated: readonly {
    readonly service: string;
    readonly migration: ShownMigration | undefined;
    readonly contract?: ShownMigration;
    readonly advice?: readonly string[];
  }[],
  dryRun: boolean,
): string {
  return generated
    .map(({ service, migration, contract, advice = [] }) => {
      if (migration === undefined) return `${service}: no changes`;
      return [migration, contract ?? []]
        .flat()
        .flatMap((one) => migrationLines(service, one, dryRun))
        .concat(advice.map(indented))
        .join("\n");
    })
    .join("\n");
}

function migrationLines(service: string, migration: ShownMigration, dryRun: boolean): string[] {
  const { file, sql, downFile, down } = migration;
  const remarks = remarksOn(migration).map(indented);
  if (!dryRun) return [`${service}: ${file} and its down`, ...remarks];
  return [
    `${service}: ${file}`,
    indented(sql),
    `${service}: ${downFile}`,
    indented(down),
    ...remarks,
  ];
}

function remarksOn({ notes, unproved }: Pick<ShownMigration, "notes" | "unproved">): string[] {
  if (unproved === undefined) return [...notes];
  return [...notes, `not proved: ${unproved}`];
}

/** The downs that were generated, and which of them must be completed by hand. */
export function downsText(
  downs: readonly {
    readonly file: string;
    readonly text: string;
    readonly toFillIn: boolean;
    readonly notes: readonly string[];
    readonly unproved: string | undefined;
  }[],
  dryRun: boolean,
): string {
  if (downs.length === 0) return "No down is missing.";
  return downs
    .map(({ file, text, toFillIn, notes, unproved }) => {
      const line = toFillIn ? `${file}: must be completed by hand` : file;
      const remarks = remarksOn({ notes, unproved }).map(indented);
      return [line, ...(dryRun ? [indented(text)] : []), ...remarks].join("\n");
    })
    .join("\n");
}

/** The result of proving complete histories. */
export function provedText(
  proved: readonly {
    readonly service: string;
    readonly findings: readonly Finding[];
    readonly recorded: readonly string[];
  }[],
): string {
  return proved
    .map(({ service, findings, recorded }) => {
      if (findings.length > 0) return findings.map(findingText).join("\n\n");
      return `${service}: all migrations are proved (${recorded.length} new)`;
    })
    .join("\n");
}

/** The snapshots that were generated, and what their migrations are assumed to do. */
export function snapshotsText(
  snapshots: readonly {
    readonly service: string;
    readonly tag: string;
    readonly file: string;
    readonly sql: readonly string[];
  }[],
): string {
  if (snapshots.length === 0) return "The newest migration of every service has a snapshot.";
  return snapshots
    .map(({ service, tag, file, sql }) =>
      sql.length === 0
        ? `${service}: ${file}`
        : [`${service}: ${file}: ${tag} is assumed to do this:`, ...sql.map(indented)].join("\n"),
    )
    .join("\n");
}

function indented(text: string): string {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => (line === "" ? "" : `  ${line}`))
    .join("\n");
}
