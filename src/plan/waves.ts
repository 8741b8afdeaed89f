import { type Amount, amountOf } from "../core/amount.ts";
import { hasWork, type Plan, type TargetPlan, type Wave } from "../core/plan.ts";

/** The tenants to migrate first: the named ones, or a number of those that have something to do. */
type Canary = { readonly tenants: ReadonlySet<string> } | { readonly count: number };

/** How a fleet is divided into waves. */
export interface Division {
  readonly canary?: Canary;
  /** Groups of tenants, a wave each in this order. All other tenants follow. */
  readonly groups?: readonly { readonly name: string; readonly tenants: ReadonlySet<string> }[];
  /** Tenants per wave: a number, or a percentage of those that have something to do. */
  readonly size?: Amount;
}

/**
 * Divides a fleet into waves. The targets of a tenant stay together. Targets of services without tenants are in the first
 * wave after the canary, and targets with nothing to do in the last wave.
 */
export function divideIntoWaves(targets: readonly TargetPlan[], division: Division): Plan {
  const idle = targets.filter((target) => !hasWork(target));
  const busy = targets.filter(hasWork);
  const tenants = [...new Set(busy.flatMap(({ target }) => target.tenant ?? []))];
  const canary = canaryOf(tenants, division.canary);
  const batches = [
    { name: "canary", tenants: canary },
    ...batchesOf(
      tenants.filter((tenant) => !canary.has(tenant)),
      tenants.length,
      division,
    ),
  ];
  const waves = batches.map(({ name, tenants: own }, index): Wave => {
    const inWave = busy.filter(({ target }) =>
      target.tenant === undefined ? index === 1 : own.has(target.tenant),
    );
    return { name, canary: index === 0, targets: inWave };
  });
  const filled = waves.filter(({ targets: own }) => own.length > 0);
  const last = filled.at(-1) ?? { name: "all", canary: false, targets: [] };
  return {
    waves: [...filled.slice(0, -1), { ...last, targets: [...last.targets, ...idle] }],
  };
}

interface Batch {
  readonly name: string;
  readonly tenants: ReadonlySet<string>;
}

function canaryOf(tenants: readonly string[], canary: Canary | undefined): ReadonlySet<string> {
  if (canary === undefined) return new Set();
  if ("count" in canary) return new Set(tenants.slice(0, canary.count));
  return new Set(tenants.filter((tenant) => canary.tenants.has(tenant)));
}

/** The waves after the canary. There is always at least one, for targets without a tenant. */
function batchesOf(
  tenants: readonly string[],
  total: number,
  { groups = [], size }: Division,
): Batch[] {
  const taken = new Set<string>();
  const grouped = groups.map(({ name, tenants: members }): Batch => {
    const own = tenants.filter((tenant) => members.has(tenant) && !taken.has(tenant));
    for (const tenant of own) taken.add(tenant);
    return { name, tenants: new Set(own) };
  });
  const rest = tenants.filter((tenant) => !taken.has(tenant));
  const length = size === undefined ? rest.length : Math.max(1, amountOf(size, total, Math.ceil));
  const count = Math.max(1, Math.ceil(rest.length / Math.max(1, length)));
  const sized = Array.from(
    { length: count },
    (_, index): Batch => ({
      name: nameOf(index, count, groups.length),
      tenants: new Set(rest.slice(index * length, (index + 1) * length)),
    }),
  );
  return [...grouped.filter((batch) => batch.tenants.size > 0), ...sized];
}

function nameOf(index: number, count: number, groups: number): string {
  if (count > 1) return `wave ${index + 1} of ${count}`;
  return groups > 0 ? "the rest" : "all";
}
