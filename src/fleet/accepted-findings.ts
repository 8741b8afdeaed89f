import { FleetError } from "../core/errors.ts";
import { type AcceptedFault, type FaultKind, faultKey } from "../core/fault.ts";
import type { Finding } from "../core/finding.ts";
import { type Acceptances, acceptedPath, readAccepted } from "../source/accepted.ts";
import { recordsText } from "../source/records.ts";
import { withFolderLock, writeFiles } from "../source/write-files.ts";
import { type Context, migrationsFolder } from "./context.ts";

/** The findings of a service, compared with its accepted faults. */
export interface Settled {
  /** Findings that are not accepted. */
  readonly findings: readonly Finding[];
  /** Accepted faults that were found. */
  readonly accepted: readonly AcceptedFault[];
  /** Accepted faults that were no longer found. */
  readonly stale: readonly AcceptedFault[];
}

/** How findings are compared with the accepted faults. */
export interface SettleOptions {
  /** If given, all findings are accepted for this reason, and stale faults are removed from the file. */
  readonly reason?: string | undefined;
  /** True if the history was proved. Otherwise faults that only a proof finds are not stale. */
  readonly proved: boolean;
}

/** The faults that only a proof finds. */
const proofKinds: ReadonlySet<FaultKind> = new Set(["not-in-snapshot"]);

/**
 * Compares the findings of one service with its accepted faults. With a reason, accepts all of them and writes the file.
 *
 * @throws FleetError `journal` if the file of accepted faults is malformed, `write` if it cannot be written
 */
export async function settle(
  context: Context,
  service: string,
  found: readonly Finding[],
  { reason, proved }: SettleOptions,
): Promise<Settled> {
  const path = migrationsFolder(context, service);
  const before = await readAccepted(path);
  const keyOf = ({ problem: { identity } }: Finding) => identity && faultKey(identity);
  const present = new Set(found.flatMap((finding) => keyOf(finding) ?? []));
  const isStale = (key: string) => !present.has(key) && (proved || !isOfProofs(key));
  const kept = Object.entries(before).filter(([key]) => !isStale(key));
  const accepted =
    reason === undefined ? before : withReason(present, reason, Object.fromEntries(kept));
  await record(path, before, accepted);
  const shown = (keys: readonly string[], from: Acceptances): AcceptedFault[] =>
    keys.flatMap((fault) => {
      const acceptance = from[fault];
      return acceptance === undefined ? [] : [{ service, fault, ...acceptance }];
    });
  const findings = found.filter((finding) => !Object.hasOwn(accepted, keyOf(finding) ?? ""));
  // With open findings, other checks may not have run, so a fault that was not found may still exist.
  const stale = findings.length === 0 ? Object.keys(accepted).filter(isStale) : [];
  return { findings, accepted: shown([...present], accepted), stale: shown(stale, accepted) };
}

function isOfProofs(key: string): boolean {
  const [kind] = key.split(" ");
  return [...proofKinds].some((one) => one === kind);
}

/** Accepts faults today. A fault that is already accepted keeps its reason and date. */
function withReason(
  faults: ReadonlySet<string>,
  reason: string,
  accepted: Acceptances,
): Acceptances {
  const date = new Date().toISOString().slice(0, 10);
  return { ...Object.fromEntries([...faults].map((key) => [key, { reason, date }])), ...accepted };
}

async function record(path: string, before: Acceptances, accepted: Acceptances): Promise<void> {
  const text = recordsText(accepted);
  if (text === recordsText(before)) return;
  await withFolderLock(path, () =>
    writeFiles([{ path: acceptedPath(path), text, replaces: true }]),
  );
}

/** Kinds of faults that an old project can have by the hundred: one line summarizes each kind. */
const counted: Partial<Record<FaultKind, (count: number) => string>> = {
  "no-snapshot": (count) => `${count} migrations have no snapshot`,
  "no-down": (count) => `${count} migrations have no down`,
  "empty-down": (count) => `the downs of ${count} migrations are empty`,
};

/** Summarizes the findings of each of these kinds in one finding that lists their tags. */
export function gather(findings: readonly Finding[]): Finding[] {
  const gathered = new Map<FaultKind, Finding[]>();
  for (const finding of findings) {
    const kind = finding.problem.identity?.kind;
    if (kind !== undefined && counted[kind] !== undefined)
      gathered.set(kind, [...(gathered.get(kind) ?? []), finding]);
  }
  return findings.flatMap((finding) => {
    const same = gathered.get(finding.problem.identity?.kind ?? "parent") ?? [finding];
    if (same[0] !== finding) return [];
    return same.length === 1 ? withTag(finding) : asOne(finding, same);
  });
}

function withTag(finding: Finding): Finding {
  const { identity } = finding.problem;
  return identity === undefined || counted[identity.kind] === undefined
    ? finding
    : { ...finding, tags: [identity.of] };
}

/** The most tags that a message lists. The finding contains all of them. */
const named = 3;

function asOne(first: Finding, same: readonly Finding[]): Finding {
  const tags = same.flatMap(({ problem: { identity } }) => identity?.of ?? []);
  const kind = first.problem.identity?.kind ?? "no-down";
  const rest = tags.length - named;
  const list = `${tags.slice(0, named).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
  const message = `${counted[kind]?.(tags.length) ?? first.problem.message}: ${list}`;
  const { code, where, remedy } = first.problem;
  const details = {
    ...(where === undefined ? {} : { where }),
    ...(remedy === undefined ? {} : { remedy }),
  };
  return { service: first.service, problem: new FleetError(code, message, details), tags };
}
