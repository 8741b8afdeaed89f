import { createHash } from "node:crypto";
import { relative } from "node:path";
import type { Finding } from "../core/finding.ts";
import type { StatementFinding } from "../core/lint.ts";
import { placeOf } from "./place.ts";

/**
 * Findings as a Code Quality report, which GitLab shows in a merge request.
 * Source of the format: GitLab's documentation, "Code Quality", "Code Quality report format".
 *
 * @param root the folder that GitLab's paths are relative to
 * @param config the configuration file, for findings without a file: GitLab requires one
 */
export function gitlabDocument(
  findings: readonly Finding[],
  root: string,
  config: string,
): readonly unknown[] {
  return findings.map(({ service, problem, questions }) => {
    const { file, line } = placeOf(problem.where, root);
    const text = [
      problem.message,
      ...(questions ?? []).map((question) => `? ${question}`),
      ...(problem.remedy === undefined ? [] : [`-> ${problem.remedy}`]),
    ];
    const path = file ?? relative(root, config);
    // Without the line: a finding that moves is not a new one.
    const identity = JSON.stringify([service, problem.code, problem.message, path]);
    return {
      description: `${service}: ${text.join("\n")}`,
      check_name: `drizzle-fleet ${problem.code}`,
      fingerprint: createHash("sha256").update(identity).digest("hex"),
      severity: "major",
      location: { path, lines: { begin: Number(line ?? 1) } },
    };
  });
}

const severities = { error: "major", warning: "minor", info: "info" } as const;

/** Findings of `lint` as a Code Quality report. See `gitlabDocument`. */
export function gitlabLintDocument(
  findings: readonly StatementFinding[],
  root: string,
): readonly unknown[] {
  return findings.map(
    ({ service, rule, severity, tag, file, line, statement, message, remedy }) => {
      const { file: path = file } = placeOf(file, root);
      const identity = JSON.stringify([service, rule, tag, statement]);
      return {
        description: `${service}: ${message}\n-> ${remedy}`,
        check_name: `lint/${rule}`,
        fingerprint: createHash("sha256").update(identity).digest("hex"),
        severity: severities[severity],
        location: { path, lines: { begin: line } },
      };
    },
  );
}
