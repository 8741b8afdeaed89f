import type { FleetConfig } from "../config/schema.ts";
import type { DriftDifference } from "../core/drift.ts";
import { escapeRegExp } from "../core/regexp.ts";
import type { Target } from "../core/target.ts";
import type { ObjectChange } from "./differences.ts";

/** An entry of `drift.allow` in the configuration. */
type AllowedDrift = FleetConfig["drift"]["allow"][number];

/** An entry of `drift.allow` that is to be removed or renewed. */
export interface AllowanceProblem {
  /** The entry's `object`. */
  readonly object: string;
  readonly problem: "expired" | "unused";
}

/** Differences that the configuration accepts, and which of its entries were needed. */
export class Allowances {
  readonly #entries: readonly { readonly entry: AllowedDrift; readonly pattern: RegExp }[];
  readonly #expired: ReadonlySet<AllowedDrift>;
  readonly #used = new Set<AllowedDrift>();

  /** @param today the day in UTC, such as `2027-01-31`: an entry counts until the end of its last day */
  constructor(entries: readonly AllowedDrift[], today: string) {
    this.#expired = new Set(entries.filter(({ until }) => until !== undefined && until < today));
    this.#entries = entries
      .filter((entry) => !this.#expired.has(entry))
      .map((entry) => ({ entry, pattern: patternOf(entry.object) }));
  }

  /** The changes of a target that no entry accepts. */
  remaining(target: Target, changes: readonly ObjectChange[]): readonly ObjectChange[] {
    if (this.#entries.length === 0) return changes;
    return changes.filter(({ difference }) => !this.#accepts(target, difference));
  }

  /** The entries that have expired, or that no difference needed. */
  problems(): AllowanceProblem[] {
    return [
      ...[...this.#expired].map(({ object }) => ({ object, problem: "expired" as const })),
      ...this.#entries.flatMap(({ entry }) =>
        this.#used.has(entry) ? [] : { object: entry.object, problem: "unused" as const },
      ),
    ];
  }

  #accepts({ service, tenant }: Target, { kind, name }: DriftDifference): boolean {
    const accepting = this.#entries.filter(
      ({ entry, pattern }) =>
        pattern.test(`${kind} ${name}`.trim()) &&
        (entry.service === undefined || entry.service === service) &&
        (entry.tenants === undefined || (tenant !== undefined && entry.tenants.includes(tenant))),
    );
    for (const { entry } of accepting) this.#used.add(entry);
    return accepting.length > 0;
  }
}

function patternOf(object: string): RegExp {
  return new RegExp(`^${object.split("*").map(escapeRegExp).join(".*")}$`, "s");
}
