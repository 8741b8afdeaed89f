import { relative, resolve } from "node:path";
import type { Finding } from "../core/finding.ts";
import { visible } from "../core/visible.ts";

/**
 * Findings as workflow commands of GitHub Actions, which shows them as annotations of a pull request.
 * Source of the format: GitHub's documentation, "Workflow commands for GitHub Actions", "Setting an error message".
 *
 * @param root the folder that GitHub's paths are relative to
 */
export function githubText(findings: readonly Finding[], root: string): string {
  return findings
    .map(({ service, problem, sql, questions }) => {
      const { message, remedy, excerpt, where } = problem;
      const text = [
        message,
        ...(excerpt === undefined ? [] : [excerpt]),
        ...(questions ?? []).map((question) => `? ${question}`),
        ...(sql ?? []),
        ...(remedy === undefined ? [] : [`-> ${remedy}`]),
      ];
      const properties = [
        ...placeOf(where, root),
        `title=${property(`drizzle-fleet: ${service}`)}`,
      ];
      return `::error ${properties.join(",")}::${data(text.join("\n"))}`;
    })
    .join("\n");
}

/** The properties for `file:line:column`; none for a path inside the configuration. */
function placeOf(where: string | undefined, root: string): string[] {
  const [, file, line, column] = /^([^:,]+?)(?::(\d+))?(?::(\d+))?$/.exec(where ?? "") ?? [];
  if (file === undefined || !/[./\\]/.test(file)) return [];
  return [
    `file=${property(relative(root, resolve(file)))}`,
    ...(line === undefined ? [] : [`line=${line}`]),
    ...(column === undefined ? [] : [`col=${column}`]),
  ];
}

/** Escapes as GitHub requires, after control characters were replaced by their codes. */
function data(text: string): string {
  return visible(text).replaceAll("%", "%25").replaceAll("\n", "%0A");
}

function property(text: string): string {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
