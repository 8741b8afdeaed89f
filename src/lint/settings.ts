import type { FleetConfig, LintConfig, ServiceConfig } from "../config/schema.ts";
import { FleetError } from "../core/errors.ts";
import type { LintSeverity } from "../core/lint.ts";
import { unknownNames } from "../tenants/targets.ts";
import { allowRules } from "./allow.ts";
import { rules } from "./rules/index.ts";

/** How one service is linted. */
export interface LintSettings {
  /** Severities that differ from the rules' own, by id. */
  readonly severities: ReadonlyMap<string, LintSeverity | "off">;
  readonly smallBytes: number;
  /** The sizes of tables in the biggest tenant, in bytes, by name. */
  readonly largestTables: ReadonlyMap<string, number>;
  /** In bytes. */
  readonly scanPerSecond: number;
  /** In bytes. */
  readonly rewritePerSecond: number;
}

const megabyte = 1024 ** 2;

/** The ids of all rules, including those about allows. */
export function ruleIds(): string[] {
  return [...rules, ...allowRules].map(({ id }) => id);
}

/** The settings of a service: its own before those of the fleet, before the defaults. */
export function settingsOf(fleet: FleetConfig, service: ServiceConfig): LintSettings {
  const [general, own] = [fleet.lint, service.lint];
  return {
    severities: new Map(Object.entries({ ...general.rules, ...own.rules })),
    largestTables: new Map(Object.entries({ ...general.largestTables, ...own.largestTables })),
    smallBytes: own.smallTable ?? general.smallTable ?? 10 * megabyte,
    scanPerSecond: own.scanPerSecond ?? general.scanPerSecond ?? 100 * megabyte,
    rewritePerSecond: own.rewritePerSecond ?? general.rewritePerSecond ?? 30 * megabyte,
  };
}

/** An error for each rule in the configuration that does not exist, with similar names. */
export function unknownRuleErrors(fleet: FleetConfig): FleetError[] {
  const services = Object.entries(fleet.services).map(
    ([name, { lint }]) => [`services.${name}.lint`, lint] as const,
  );
  return [["lint", fleet.lint] as const, ...services].flatMap(([where, { rules: own }]) =>
    unknownRules(own).map(
      ({ message, remedy = "" }) =>
        new FleetError("config", message, { where: `${where}.rules`, remedy }),
    ),
  );
}

function unknownRules(configured: LintConfig["rules"]): FleetError[] {
  return unknownNames("rule", Object.keys(configured), ruleIds());
}
