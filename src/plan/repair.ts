import type { LedgerEntry, LedgerState } from "../core/ledger.ts";
import type { Migration } from "../core/migration.ts";
import type { Step, TargetPlan } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import { digestOf } from "../ledger/digest.ts";
import { editedMigrations, type History } from "./history.ts";
import { planTarget } from "./migrate.ts";

/**
 * Plans to accept edited migrations as they are on disk: one step for each, which records its checksum. Other problems of
 * the target are ignored, except that its ledger must be readable.
 */
export function planTargetRepair(target: Target, history: History, state: LedgerState): TargetPlan {
  const { held: _, ...plan } = planTarget(target, history, state, { allowOutOfOrder: true });
  const entries = state.kind === "ledger" ? state.entries : [];
  const byTag = new Map(entries.map((entry) => [entry.tag, entry]));
  const edited = editedMigrations(history, byTag);
  const steps = edited.map(
    ({ tag, checksum }, index): Step => ({
      action: "repair",
      tag,
      checksum,
      replaces: byTag.get(tag)?.checksum ?? "",
      resumeAt: 0,
      resumeChecksum: "",
      begun: false,
      ledger: digestOf(repaired(entries, edited.slice(0, index))),
      ledgerAfter: digestOf(repaired(entries, edited.slice(0, index + 1))),
    }),
  );
  const problems = plan.problems.filter(({ kind }) => kind === "unreadable" || kind === "locked");
  return { ...plan, steps, problems, create: "nothing" };
}

function repaired(
  entries: readonly LedgerEntry[],
  migrations: readonly Migration[],
): LedgerEntry[] {
  const checksums = new Map(migrations.map(({ tag, checksum }) => [tag, checksum]));
  return entries.map((entry) => ({
    ...entry,
    checksum: checksums.get(entry.tag) ?? entry.checksum,
  }));
}
