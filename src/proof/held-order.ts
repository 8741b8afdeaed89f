import { differenceOf } from "../catalog/compare.ts";
import { FleetError } from "../core/errors.ts";
import type { Migration } from "../core/migration.ts";
import { historyOf } from "../plan/history.ts";
import { type Bench, withScratchSchema } from "./bench.ts";
import { differenceError } from "./problems.ts";
import { ScratchHistory } from "./scratch-history.ts";

/**
 * Proves that contracts can be held back: all other migrations are applied without them, to tables with rows, and then the
 * contracts. A contract that a later migration requires is applied in its place.
 *
 * @param complete the catalog after the history in its order
 * @returns the problems; none for a history without contracts
 */
export async function proveHeldOrder(
  bench: Bench,
  migrations: readonly Migration[],
  complete: readonly string[],
): Promise<FleetError[]> {
  const { contracts, required } = historyOf(migrations);
  const held = contracts.filter(({ tag }) => !required.has(tag));
  if (held.length === 0) return [];
  const others = migrations.filter((migration) => !held.includes(migration));
  const order = [...others, ...held];
  return withScratchSchema(bench.session, async (schema) => {
    const scratch = new ScratchHistory(bench, order, schema);
    for (const migration of order) {
      const failed = await scratch.apply(migration);
      if (failed !== undefined)
        return [
          held.includes(migration)
            ? failsLaterError(migration, failed)
            : needsContractError(migration, earlierThan(migration, migrations, held), failed),
        ];
      await scratch.fill();
    }
    const difference = differenceOf(complete, await scratch.facts());
    if (difference.missing.length === 0 && difference.extra.length === 0) return [];
    const message = `the schema is different if ${namesOf(held)} ${held.length === 1 ? "is" : "are"} applied after all other migrations`;
    return [differenceError(message, held[0]?.file ?? "", difference)];
  });
}

function earlierThan(
  migration: Migration,
  migrations: readonly Migration[],
  held: readonly Migration[],
): readonly Migration[] {
  const end = migrations.indexOf(migration);
  return held.filter((contract) => migrations.indexOf(contract) < end);
}

function namesOf(migrations: readonly Migration[]): string {
  return migrations.map(({ tag }) => tag).join(" and ");
}

/** A migration that fails in targets in which a contract before it is held back. */
function needsContractError(
  { tag, file }: Migration,
  contracts: readonly Migration[],
  { message, where = file, cause }: FleetError,
): FleetError {
  if (contracts.length === 0) return new FleetError("proof", message, { where, cause });
  const lines = contracts.map((contract) => `-- drizzle-fleet: requires ${contract.tag}`);
  return new FleetError(
    "proof",
    `${tag} fails while ${namesOf(contracts)} ${contracts.length === 1 ? "is" : "are"} held back: ${message}`,
    {
      where,
      remedy: `Change the migration so that it does not depend on the contract. Or add this line to its file: ${lines.join(" and ")}. Then targets get it only after migrate --contract.`,
      cause,
    },
  );
}

/** A contract that fails after the migrations that follow it. */
function failsLaterError(
  { tag, file, contract }: Migration,
  { message, where = file, cause }: FleetError,
): FleetError {
  return new FleetError(
    "proof",
    `the contract ${tag} fails after the migrations that follow it: ${message}`,
    {
      where,
      remedy: `It is held back after ${contract?.after}, so later migrations are applied first. Change one of them, or the contract, if it is not applied anywhere yet.`,
      cause,
    },
  );
}
