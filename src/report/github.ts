import type { Finding } from "../core/finding.ts";
import { visible } from "../core/visible.ts";
import { placeOf } from "./place.ts";

/**
 * Findings as workflow commands of GitHub Actions, which shows them at the lines of a pull request.
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
        ...propertiesOf(where, root),
        `title=${property(`drizzle-fleet: ${service}`)}`,
      ];
      return `::error ${properties.join(",")}::${data(text.join("\n"))}`;
    })
    .join("\n");
}

/** The properties of a place. */
function propertiesOf(where: string | undefined, root: string): string[] {
  const { file, line, column } = placeOf(where, root);
  return [
    ...(file === undefined ? [] : [`file=${property(file)}`]),
    ...(line === undefined ? [] : [`line=${line}`]),
    ...(column === undefined ? [] : [`col=${column}`]),
  ];
}

/** Escaped as GitHub requires. Control characters but line feeds are shown as codes first. */
function data(text: string): string {
  return visible(text).replaceAll("%", "%25").replaceAll("\n", "%0A");
}

function property(text: string): string {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
