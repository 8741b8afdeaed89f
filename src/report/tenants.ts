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

/** The tenants, a line each, and what belongs to nobody. */
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
      ({ database, schema, tenant }) => `  ${database}: ${schema} (would be ${tenant})`,
    ),
    ...(orphans.length > 0 ? ["-> Enter their tenants: drizzle-fleet tenants adopt <id>"] : []),
  ].join("\n");
}

/** What a switch of where the tenants are kept has done, and what is left to do by hand. */
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
 * A switch as text.
 *
 * @param file the configuration's, as shown
 * @param list the lines of a configuration with the tenants
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
          `  ${counted(staying.length, "tenant")} in the registry that ${staying.length === 1 ? "is" : "are"} not active ${
            staying.length === 1 ? "stays as it is" : "stay as they are"
          }: ${shortList(staying.map(({ id, status }) => `${id} (${status})`))}`,
        ];
  if (to === "registry") {
    const place =
      line === undefined ? `tenants from ${file}` : `tenants from ${file}, line ${line}`;
    return [
      ...(dryRun ? ["Nothing was changed. This would be done:"] : []),
      `The registry in database ${shown.database} has ${counted(tenants.length, "tenant")} of the configuration: ${shown.entered.length} entered, ${shown.updated.length} updated, ${
        tenants.length - shown.entered.length - shown.updated.length
      } as they were.`,
      ...(shown.forgotten.length === 0 ? [] : [`  forgotten: ${shortList(shown.forgotten)}`]),
      ...stay,
      "",
      "Next:",
      ...(dryRun ? ["  npx drizzle-fleet tenants switch registry"] : []),
      `  remove ${place}`,
      "  npx drizzle-fleet tenants list",
    ].join("\n");
  }
  const place = line === undefined ? "into defineFleet({ ... })" : `in the place of line ${line}`;
  return [
    `Put this into ${file}, ${place}:`,
    "",
    ...list,
    "",
    `It lists ${counted(tenants.length, "tenant")}. Nothing was changed: the registry keeps its rows for the way back.`,
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
