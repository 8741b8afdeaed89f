import { type LedgerEntry, type LedgerState, ledgerName } from "../core/ledger.ts";
import { quoteLiteral } from "../core/quoting.ts";
import { ScriptError } from "../postgres/script-error.ts";
import type { Session } from "../postgres/session.ts";
import { isConnectionLoss } from "../postgres/sqlstate.ts";
import { digestExpression, digestOf } from "./digest.ts";
import { dropOldFunctions, makeSealable, seal, sealQuery } from "./seal.ts";
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
  const unsealed = [...states].flatMap(([schema, state]) =>
    state.kind === "ledger" && state.sealed !== true
      ? { schema, digest: digestFor(state.entries) }
      : [],
  );
  if (unsealed.length === 0) return states;
  const owned = await findOwned(
    session,
    unsealed.map(({ schema }) => schema),
  );
  const broken = unsealed.filter(({ schema }) => owned.has(schema));
  const sealed = new Set<string>();
  for (let start = 0; start < broken.length; start += batchSize)
    for (const { schema } of await sealTogether(session, broken.slice(start, start + batchSize)))
      sealed.add(schema);
  return new Map(
    [...states].map(([schema, state]) => [
      schema,
      sealed.has(schema) && state.kind === "ledger" ? { ...state, sealed: true } : state,
    ]),
  );
}

/** The schemas whose ledger the role owns: only its owner can seal it. */
async function findOwned(
  session: Session,
  schemas: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await session.query<{ schema: string }>(
    `SELECT n.nspname AS schema FROM pg_catalog.pg_namespace n
     JOIN pg_catalog.pg_class l ON l.relnamespace = n.oid AND l.relname = $2 AND l.relkind = 'r'
     WHERE n.nspname = ANY($1) AND pg_has_role(l.relowner, 'USAGE')`,
    [schemas, ledgerName],
  );
  return new Set(rows.map(({ schema }) => schema));
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
  const ledger = `${quoteLiteral(ledgerOf(schema))}::regclass`;
  const block = `DECLARE old regprocedure; BEGIN
  IF (SELECT ${digestExpression} FROM ${ledgerOf(schema)}) <> ${quoteLiteral(digest)} THEN
    RAISE EXCEPTION 'the ledger has changed since it was read';
  END IF;
  ${seal(schema, digest)};
  ${dropOldFunctions(schema)};
  IF NOT EXISTS (${sealQuery(ledger, quoteLiteral(schema))}) THEN
    RAISE EXCEPTION 'the ledger cannot be sealed: it has a trigger or rule of its own';
  END IF;
END`;
  return [
    `LOCK TABLE ${ledgerOf(schema)} IN SHARE ROW EXCLUSIVE MODE NOWAIT`,
    ...makeSealable(schema),
    `DO ${quoteLiteral(block)}`,
  ];
}
