import { relative, resolve } from "node:path";
import type { Finding } from "../core/finding.ts";
import { visible } from "../core/visible.ts";

/**
 * Findings as workflow commands of GitHub Actions, which shows them beside the lines of a pull request.
 * Source of the format: GitHub's documentation, "Workflow commands for GitHub Actions", "Setting an error message".
 *
 * @param root the folder that GitHub's paths start from
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

/** `file:line:column`, as far as it is there; a place in the configuration is none in a file. */
function placeOf(where: string | undefined, root: string): string[] {
  const [, file, line, column] = /^([^:,]+?)(?::(\d+))?(?::(\d+))?$/.exec(where ?? "") ?? [];
  if (file === undefined || !/[./\\]/.test(file)) return [];
  return [
    `file=${property(relative(root, resolve(file)))}`,
    ...(line === undefined ? [] : [`line=${line}`]),
    ...(column === undefined ? [] : [`col=${column}`]),
  ];
}

/** Escaped as GitHub says. What a log would obey is shown by its code first: of line ends, line feeds alone stay. */
function data(text: string): string {
  return visible(text).replaceAll("%", "%25").replaceAll("\n", "%0A");
}

function property(text: string): string {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
