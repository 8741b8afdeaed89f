import type { LedgerEntry, LedgerState } from "../core/ledger.ts";
import { quoteLiteral } from "../core/quoting.ts";
import { ScriptError } from "../postgres/script-error.ts";
import type { Session } from "../postgres/session.ts";
import { isConnectionLoss } from "../postgres/sqlstate.ts";
import { digestExpression, digestOf } from "./digest.ts";
import { makeSealable, seal, sealOf } from "./seal.ts";
import { ledgerOf } from "./table.ts";

/** The number of ledgers to seal in one transaction. Each is locked until it ends. */
const batchSize = 50;

/**
 * Seals the ledgers whose seal is broken, or that were never sealed: those of an earlier version, and those that were
 * edited by hand. A ledger that is in use is left as it is: it is read again next time.
 *
 * @param states the state of each schema's ledger, as it was just read
 * @returns the states, with the seals
 */
export async function sealLedgers(
  session: Session,
  states: ReadonlyMap<string, LedgerState>,
): Promise<ReadonlyMap<string, LedgerState>> {
  const digests = new Map<readonly LedgerEntry[], string>();
  const digestFor = (entries: readonly LedgerEntry[]) => {
    const digest = digests.get(entries) ?? digestOf(entries);
    digests.set(entries, digest);
    return digest;
  };
  const broken = [...states].flatMap(([schema, state]) =>
    state.kind === "ledger" && state.seal === "broken"
      ? { schema, digest: digestFor(state.entries) }
      : [],
  );
  if (broken.length === 0) return states;
  const sealed = new Set<string>();
  for (let start = 0; start < broken.length; start += batchSize)
    for (const { schema } of await sealTogether(session, broken.slice(start, start + batchSize)))
      sealed.add(schema);
  return new Map(
    [...states].map(([schema, state]) => [
      schema,
      sealed.has(schema) && state.kind === "ledger" ? { ...state, seal: "intact" } : state,
    ]),
  );
}

/** A ledger to seal. */
interface Unsealed {
  readonly schema: string;
  /** The digest of what was read from it. */
  readonly digest: string;
}

/** Seals all of these ledgers, or each that can be sealed. */
async function sealTogether(
  session: Session,
  ledgers: readonly Unsealed[],
): Promise<readonly Unsealed[]> {
  try {
    await session.script(
      ["BEGIN ISOLATION LEVEL READ COMMITTED", ...ledgers.flatMap(sealOne), "COMMIT"].join(";\n"),
    );
    return ledgers;
  } catch (error) {
    if (session.lost || isConnectionLoss(error))
      throw error instanceof ScriptError ? error.cause : error;
    await session.script("ROLLBACK");
    if (ledgers.length === 1) return [];
    const sealed: Unsealed[] = [];
    for (const one of ledgers) sealed.push(...(await sealTogether(session, [one])));
    return sealed;
  }
}

/** A ledger that differs from what was read is not sealed, and the transaction fails. */
function sealOne({ schema, digest }: Unsealed): string[] {
  const block = `BEGIN
  IF (SELECT ${digestExpression} FROM ${ledgerOf(schema)}) <> ${quoteLiteral(digest)} THEN
    RAISE EXCEPTION 'the ledger has changed since it was read';
  END IF;
  ${seal(schema, digest)};
  IF ${sealOf(`${quoteLiteral(ledgerOf(schema))}::regclass`)} IS NULL THEN
    RAISE EXCEPTION 'the ledger cannot be sealed: it has a trigger or rule of its own';
  END IF;
END`;
  return [
    `LOCK TABLE ${ledgerOf(schema)} IN SHARE ROW EXCLUSIVE MODE NOWAIT`,
    ...makeSealable(schema),
    `DO ${quoteLiteral(block)}`,
  ];
}
