import type { OnboardingEvent } from "../core/onboarding.ts";
import { table } from "./table.ts";
import { counted, duration } from "./words.ts";

interface ShownState {
  readonly present: boolean;
  readonly current: string | undefined;
  readonly pending: number;
  readonly problem: string | undefined;
}

interface ShownTenants {
  readonly tenants: readonly {
    readonly id: string;
    readonly status: string;
    readonly attributes: Readonly<Record<string, unknown>>;
    readonly services: Readonly<Record<string, ShownState>>;
  }[];
  readonly counts: Readonly<Record<string, number>>;
  readonly orphans: readonly {
    readonly database: string;
    readonly schema: string;
    readonly tenant: string;
  }[];
}

/** The tenants, a line each, and what belongs to nobody. */
export function tenantsText({ tenants, counts, orphans }: ShownTenants): string {
  const services = [...new Set(tenants.flatMap((tenant) => Object.keys(tenant.services)))];
  const rows = tenants.map(({ id, status, attributes, services: own }) => [
    id,
    status,
    ...services.map((service) => stateText(own[service])),
    Object.entries(attributes)
      .map(([name, value]) => `${name}=${value}`)
      .join(" "),
  ]);
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const parts = Object.entries(counts).map(([status, count]) => `${count} ${status}`);
  return [
    ...(rows.length > 0
      ? [...table(["tenant", "status", ...services, "attributes"], rows), ""]
      : []),
    total === 0 ? "There are no tenants." : `${counted(total, "tenant")}: ${parts.join(", ")}.`,
    ...(orphans.length > 0 ? ["", "Schemas that belong to no tenant:"] : []),
    ...orphans.map(
      ({ database, schema, tenant }) => `  ${database}: ${schema} (would be ${tenant})`,
    ),
    ...(orphans.length > 0 ? ["-> Enter their tenants: drizzle-fleet tenants adopt <id>"] : []),
  ].join("\n");
}

function stateText(state: ShownState | undefined): string {
  if (state === undefined || !state.present) return "no schema";
  if (state.problem !== undefined) return "has a problem";
  return state.pending === 0 ? "at head" : `${state.pending} behind`;
}

const said: Readonly<Record<OnboardingEvent["step"], string>> = {
  register: "registered",
  schemas: "schemas created",
  migrate: "migrated to head",
  copy: "copied",
  grant: "application let in",
  seed: "seeded",
  admin: "admin created",
  activate: "active",
};

/** One step of onboarding as a line; undefined for what needs none. */
export function onboardingLine(event: OnboardingEvent): string | undefined {
  const { step } = event;
  if (event.type === "stepEnded") return `${said[step]} (${duration(event.durationMs)})`;
  if (event.type === "stepUndone") return `undone: ${step}`;
  return event.type === "stepFailed" ? `failed: ${step}` : undefined;
}
