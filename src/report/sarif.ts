import { createHash } from "node:crypto";
import { pathToFileURL } from "node:url";
import { homepage } from "../core/docs-page.ts";
import type { LintSeverity, StatementFinding } from "../core/lint.ts";
import { placeOf } from "./place.ts";

/** A rule, as a tool of SARIF describes it. */
interface SarifRule {
  readonly id: string;
  readonly severity: LintSeverity;
  readonly summary: string;
  readonly why: string;
  readonly url: string;
}

const levels: Readonly<Record<LintSeverity, string>> = {
  ...{ error: "error", warning: "warning", info: "note" },
};

/**
 * Findings of `lint` in the format of code scanning.
 * Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0".
 *
 * @param root the folder that the paths become relative to
 */
export function sarifDocument(
  findings: readonly StatementFinding[],
  { version, rules }: { readonly version: string; readonly rules: readonly SarifRule[] },
  root: string,
): Readonly<Record<string, unknown>> {
  const driver = {
    ...{ name: "drizzle-fleet", version, semanticVersion: version, informationUri: homepage },
    rules: rules.map(({ id, severity, summary, why, url }) => ({
      ...{ id, shortDescription: { text: summary }, fullDescription: { text: why }, helpUri: url },
      defaultConfiguration: { level: levels[severity] },
    })),
  };
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: { driver },
        columnKind: "utf16CodeUnits",
        originalUriBaseIds: { ROOT: { uri: `${pathToFileURL(root).href}/` } },
        results: findings.map((finding) => resultOf(finding, rules, root)),
      },
    ],
  };
}

function resultOf(finding: StatementFinding, rules: readonly SarifRule[], root: string) {
  const { rule, severity, message, remedy, file, line, statement } = finding;
  const { file: uri = file } = placeOf(file, root);
  const endLine = line + statement.split("\n").length - 1;
  return {
    ruleId: rule,
    ruleIndex: rules.findIndex(({ id }) => id === rule),
    level: levels[severity],
    message: { text: `${message}. ${remedy}` },
    locations: [
      {
        physicalLocation: {
          artifactLocation: {
            uri: uri.split("/").map(encodeURIComponent).join("/"),
            uriBaseId: "ROOT",
          },
          region: { startLine: line, endLine, snippet: { text: statement } },
        },
      },
    ],
    partialFingerprints: { "statement/v1": fingerprintOf(finding) },
  };
}

/** Without the line: a finding that moves is not a new one. */
function fingerprintOf({ service, rule, tag, statement }: StatementFinding): string {
  const identity = JSON.stringify([service, rule, tag, statement]);
  return createHash("sha256").update(identity).digest("hex");
}
