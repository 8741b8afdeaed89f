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

/** The tenants, one per line, and the schemas that belong to none. */
export function tenantsText({ tenants, counts, orphans }: ShownTenants): string {
  const services = [...new Set(tenants.flatMap((tenant) => Object.keys(tenant.services)))];
  // A list without attributes needs no column for them.
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
    ...(orphans.length > 0 ? ["", "Schemas that belong to no tenant:"] : []),
    ...orphans.map(
      ({ database, schema, tenant }) => `  ${database}: ${schema} (tenant id: ${tenant})`,
    ),
    ...(orphans.length > 0
      ? ["-> Register their tenants: npx drizzle-fleet tenants adopt --all"]
      : []),
  ].join("\n");
}

/** What `tenants switch` did, and what is left to do by hand. */
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
 * What `tenants switch` did, and the next steps.
 *
 * @param file the configuration file, as shown
 * @param list the lines to add to the configuration
 * @param dryRun true: nothing was changed
 */
export function switchText(
  shown: ShownSwitch,
  file: string,
  list: readonly string[],
  dryRun: boolean,
): string {
  const { to, tenants, staying, line } = shown;
  const stay =
    staying.length === 0
      ? []
      : [
          `  unchanged in the registry: ${shortList(staying.map(({ id, status }) => `${id} (${status})`))}`,
        ];
  if (to === "registry") {
    const place =
      line === undefined ? `tenants from ${file}` : `tenants from ${file}, line ${line}`;
    return [
      ...(dryRun ? ["Nothing was changed. Without --dry-run:"] : []),
      `The registry in database ${shown.database} has ${counted(tenants.length, "tenant")} of the configuration: ${shown.entered.length} added, ${shown.updated.length} updated, ${
        tenants.length - shown.entered.length - shown.updated.length
      } unchanged.`,
      ...(shown.forgotten.length === 0
        ? []
        : [`  removed from the registry: ${shortList(shown.forgotten)}`]),
      ...stay,
      "",
      "Next:",
      ...(dryRun ? ["  npx drizzle-fleet tenants switch registry"] : []),
      `  remove ${place}`,
      "  npx drizzle-fleet tenants list",
    ].join("\n");
  }
  const place = line === undefined ? "to defineFleet({ ... })" : `instead of line ${line}`;
  return [
    `Add this to ${file}, ${place}:`,
    "",
    ...list,
    "",
    `It lists ${counted(tenants.length, "tenant")}. Nothing was changed. The registry keeps its rows, so you can switch back.`,
    ...stay,
    "",
    "Then:",
    "  npx drizzle-fleet tenants list",
  ].join("\n");
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

const stepTexts: Readonly<Record<OnboardingEvent["step"], string>> = {
  register: "registered",
  schemas: "schemas created",
  migrate: "migrated to head",
  copy: "copied",
  grant: "access granted",
  seed: "seeded",
  admin: "admin created",
  activate: "active",
};

/** One step of onboarding as a line; undefined for an event that is not shown. */
export function onboardingLine(event: OnboardingEvent): string | undefined {
  const { step } = event;
  if (event.type === "stepEnded") return `${stepTexts[step]} (${duration(event.durationMs)})`;
  if (event.type === "stepUndone") return `undone: ${step}`;
  return event.type === "stepFailed" ? `failed: ${step}` : undefined;
}
