import { shortList } from "../core/count.ts";
import type { PlanProblem } from "../core/plan.ts";
import type {
  FailingTarget,
  MigrationPlace,
  PreflightReason,
  UncheckedPart,
} from "../core/preflight.ts";
import type { Target } from "../core/target.ts";
import type { Dependents } from "./dependents.ts";
import type { WrongName } from "./names.ts";
import type { Finding } from "./run.ts";

/** Collects why targets would fail, each reason once with its targets. */
export class Reasons {
  readonly #failing = new Map<string, PreflightReason & { readonly targets: FailingTarget[] }>();
  readonly #unchecked = new Map<string, UncheckedPart & { readonly of: Set<Target> }>();

  /** Notes that a target would fail. */
  add(
    target: Target,
    reason: Omit<PreflightReason, "service" | "targets">,
    rows: number | null = null,
  ): void {
    const { service } = target;
    const message = withoutTarget(reason.message, target);
    const key = JSON.stringify([service, reason.place, message]);
    const known = this.#failing.get(key);
    if (known === undefined) {
      this.#failing.set(key, { service, ...reason, message, targets: [{ target, rows }] });
    } else if (known.targets.every((one) => one.target !== target))
      known.targets.push({ target, rows });
  }

  /** Notes that something about a target is not known. */
  leave(target: Target, place: MigrationPlace | null, reason: string): void {
    const { service } = target;
    const key = JSON.stringify([service, place, reason]);
    const known = this.#unchecked.get(key) ?? {
      service,
      place,
      reason,
      targets: 0,
      of: new Set<Target>(),
    };
    known.of.add(target);
    this.#unchecked.set(key, known);
  }

  addProblem(target: Target, { message, remedy }: PlanProblem): void {
    this.add(target, { place: null, message, remedy });
  }

  addFinding({ target, assertion, rows, message, isUnknown }: Finding): void {
    const { place, remedy } = assertion;
    if (isUnknown === true) this.leave(target, place, message ?? "");
    else if (message === undefined)
      this.add(target, { place, message: assertion.message, remedy }, rows);
    else this.add(target, { place, message, remedy: missingRemedy });
  }

  addName(target: Target, { check: { place, label, mustExist } }: WrongName): void {
    const [message, remedy] = mustExist
      ? [`${label} does not exist`, missingRemedy]
      : [
          `${label} exists already`,
          "Drop or rename it, or find out why with npx drizzle-fleet drift.",
        ];
    this.add(target, { place, message, remedy });
  }

  addDependents(target: Target, { check, names }: Dependents): void {
    const { place, label, isCascading } = check;
    const dependents = shortList(names);
    const message = isCascading
      ? `CASCADE would also drop what other schemas have built on ${label}: ${dependents}`
      : `objects of other schemas depend on ${label}: ${dependents}`;
    this.add(target, { place, message, remedy: "Change these objects first." });
  }

  /** The targets that would fail. */
  get targets(): Set<Target> {
    return new Set(
      [...this.#failing.values()].flatMap(({ targets }) => targets.map(({ target }) => target)),
    );
  }

  /** The reasons, the most frequent first. */
  get failing(): PreflightReason[] {
    return [...this.#failing.values()].sort(
      (left, right) => right.targets.length - left.targets.length,
    );
  }

  /** @param known targets about which everything is known in another way */
  uncheckedBesides(known: ReadonlySet<Target>): UncheckedPart[] {
    return [...this.#unchecked.values()].flatMap(({ of, service, place, reason }) => {
      const targets = [...of].filter((target) => !known.has(target)).length;
      return targets === 0 ? [] : { service, place, reason, targets };
    });
  }
}

const missingRemedy =
  "Find out how the schema differs from its ledger with npx drizzle-fleet drift.";

/** A message that is the same for all targets. */
function withoutTarget(message: string, { schema, tenant }: Target): string {
  const general = message.replaceAll(`${schema}`, "{schema}");
  return tenant === undefined
    ? general
    : general.replaceAll(`--tenant ${tenant}`, "--tenant {tenant}");
}
