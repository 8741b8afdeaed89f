import { counted, shortList } from "../core/count.ts";
import type { OnboardingEvent } from "../core/onboarding.ts";
import { duration } from "../core/time.ts";
import { table } from "./table.ts";

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

/** A line for each tenant, then the tenant schemas that are not registered. */
export function tenantsText({ tenants, counts, orphans }: ShownTenants): string {
  const services = [...new Set(tenants.flatMap((tenant) => Object.keys(tenant.services)))];
  // The attributes column is left out if it would be empty.
  const described = tenants.some(({ attributes }) => Object.keys(attributes).length > 0);
  const rows = tenants.map(({ id, status, attributes, services: own }) => [
    id,
    status,
    ...services.map((service) => stateText(own[service])),
    ...(described ? [attributesText(attributes)] : []),
  ]);
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const parts = Object.entries(counts).map(([status, count]) => `${count} ${status}`);
  return [
    ...(rows.length > 0
      ? [
          ...table(["tenant", "status", ...services, ...(described ? ["attributes"] : [])], rows),
          "",
        ]
      : []),
    total === 0 ? "There are no tenants." : `${counted(total, "tenant")}: ${parts.join(", ")}.`,
    ...(orphans.length > 0 ? ["", "Schemas that belong to no registered tenant:"] : []),
    ...orphans.map(({ database, schema, tenant }) => `  ${database}: ${schema} (tenant ${tenant})`),
    ...(orphans.length > 0
      ? ["-> To register their tenants, run: npx drizzle-fleet tenants adopt <tenant>"]
      : []),
  ].join("\n");
}

/** The result of moving the tenants from the configuration to the registry, or back. */
export interface ShownSwitch {
  readonly to: "registry" | "list";
  readonly tenants: readonly unknown[];
  readonly entered: readonly string[];
  readonly updated: readonly string[];
  readonly forgotten: readonly string[];
  readonly staying: readonly { readonly id: string; readonly status: string }[];
  readonly database: string;
  readonly line: number | undefined;
}

/**
 * What a switch has done, and the steps that are left.
 *
 * @param file the configuration file, as shown to the user
 * @param list the lines of a configuration with the tenants
 * @param dryRun true: nothing was changed
 */
export function switchText(
  shown: ShownSwitch,
  file: string,
  list: readonly string[],
  dryRun: boolean,
): string {
  const lines =
    shown.to === "registry" ? registryLines(shown, file, dryRun) : listLines(shown, file, list);
  return lines.join("\n");
}

function registryLines(shown: ShownSwitch, file: string, dryRun: boolean): string[] {
  const { tenants, entered, updated, forgotten, database, line } = shown;
  const place = line === undefined ? `tenants from ${file}` : `tenants from ${file}, line ${line}`;
  const unchanged = tenants.length - entered.length - updated.length;
  return [
    ...(dryRun ? ["Dry run: nothing was changed. The result would be:"] : []),
    `The registry in database ${database} has ${counted(tenants.length, "tenant")} from the configuration: ${entered.length} added, ${updated.length} updated, ${unchanged} unchanged.`,
    ...(forgotten.length === 0 ? [] : [`  removed: ${shortList(forgotten)}`]),
    ...inactiveLines(shown),
    "",
    "Next:",
    ...(dryRun ? ["  npx drizzle-fleet tenants switch registry"] : []),
    `  remove ${place}`,
    "  npx drizzle-fleet tenants list",
  ];
}

function listLines(shown: ShownSwitch, file: string, list: readonly string[]): string[] {
  const { tenants, line } = shown;
  const place = line === undefined ? "inside defineFleet({ ... })" : `replacing line ${line}`;
  return [
    `Add this to ${file}, ${place}:`,
    "",
    ...list,
    "",
    `It lists ${counted(tenants.length, "tenant")}. Nothing was changed: the registry keeps its rows, so you can switch back.`,
    ...inactiveLines(shown),
    "",
    "Then:",
    "  npx drizzle-fleet tenants list",
  ];
}

/** The tenants of the registry that a switch does not change. */
function inactiveLines({ staying }: ShownSwitch): string[] {
  if (staying.length === 0) return [];
  const names = shortList(staying.map(({ id, status }) => `${id} (${status})`));
  const verb = staying.length === 1 ? "stays" : "stay";
  return [
    `  ${counted(staying.length, "inactive tenant")} in the registry ${verb} unchanged: ${names}`,
  ];
}

function attributesText(attributes: Readonly<Record<string, unknown>>): string {
  return Object.entries(attributes)
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");
}

function stateText(state: ShownState | undefined): string {
  if (state === undefined || !state.present) return "no schema";
  if (state.problem !== undefined) return "has a problem";
  return state.pending === 0 ? "at head" : `${state.pending} behind`;
}

const labels: Readonly<Record<OnboardingEvent["step"], string>> = {
  register: "registered",
  schemas: "schemas created",
  migrate: "migrated to head",
  copy: "copied",
  grant: "access granted",
  seed: "seeded",
  admin: "first user created",
  activate: "active",
};

/** A line for an onboarding event; undefined for events that are not shown. */
export function onboardingLine(event: OnboardingEvent): string | undefined {
  const { step } = event;
  if (event.type === "stepEnded") return `${labels[step]} (${duration(event.durationMs)})`;
  if (event.type === "stepUndone") return `undone: ${step}`;
  return event.type === "stepFailed" ? `failed: ${step}` : undefined;
}
