import type { LintSeverity } from "../core/lint.ts";
import { allowRules } from "./allow.ts";
import { ruleUrl } from "./judge.ts";
import { rules } from "./rules/index.ts";

/** A rule for people. */
export interface DescribedRule {
  readonly id: string;
  readonly severity: LintSeverity;
  readonly summary: string;
  readonly why: string;
  readonly url: string;
}

/** All rules, including those about allows. */
export function describedRules(): DescribedRule[] {
  return [...rules, ...allowRules].map(({ id, severity, summary, why }) => ({
    ...{ id, severity, summary, why, url: ruleUrl(id) },
  }));
}
