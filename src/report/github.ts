import type { Finding } from "../core/finding.ts";
import type { LintSeverity, StatementFinding } from "../core/lint.ts";
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
      return command("error", where, { root, title: `drizzle-fleet: ${service}` }, text);
    })
    .join("\n");
}

const levels: Readonly<Record<LintSeverity, string>> = {
  ...{ error: "error", warning: "warning", info: "notice" },
};

/** Findings of `lint`. See `githubText`. */
export function githubLintText(findings: readonly StatementFinding[], root: string): string {
  return findings
    .map(({ service, rule, severity, file, line, message, remedy, url }) => {
      const title = `drizzle-fleet: ${rule} (${service})`;
      return command(levels[severity], `${file}:${line}`, { root, title }, [
        ...[message, `-> ${remedy}`, url],
      ]);
    })
    .join("\n");
}

function command(
  level: string | undefined,
  where: string | undefined,
  { root, title }: { readonly root: string; readonly title: string },
  text: readonly string[],
): string {
  const properties = [...propertiesOf(where, root), `title=${property(title)}`];
  return `::${level} ${properties.join(",")}::${data(text.join("\n"))}`;
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
