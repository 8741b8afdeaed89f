// What `check` found, in one form for all outcomes: its findings, or the error that ended it.

/**
 * Runs `check`.
 *
 * @returns its exit code; the findings, each with message, service, where, excerpt, remedy, sql and questions; the accepted
 *   faults that are no longer found
 */
export async function runCheck(run, args) {
  const { code, stdout, stderr } = await run("check", ...args, "--format", "json");
  const result = documentIn(stdout);
  if (Array.isArray(result?.findings)) {
    const { findings, stale = [], proved = [] } = result;
    return { code, findings, stale, proved };
  }
  const findings = result?.type === "error" ? problemsOf(result) : [noResult(code, stderr)];
  return { code: code === 0 ? 1 : code, findings, stale: [], proved: [] };
}

/** The document that a verb printed. An error is a single line, the last one. */
export function documentIn(text) {
  for (const part of [text, text.trim().split("\n").at(-1)]) {
    try {
      return JSON.parse(part);
    } catch {}
  }
  return undefined;
}

function problemsOf(error) {
  return error.problems?.length > 0 ? error.problems : [error];
}

function noResult(code, stderr) {
  return {
    message: `drizzle-fleet check ended with exit code ${code} and without a result`,
    excerpt: stderr.trim().slice(-2_000),
    remedy: "If drizzle-fleet is not installed, install the project's packages in an earlier step.",
  };
}

/** A finding as lines of text, without its place. */
export function textOf({ message, excerpt, remedy, sql, questions }) {
  return [
    message,
    ...(excerpt ? [excerpt] : []),
    ...(questions ?? []).map((question) => `? ${question}`),
    ...(sql ?? []),
    ...(remedy ? [`-> ${remedy}`] : []),
  ].join("\n");
}

/** What is to be done about faults that were accepted and are no longer found. */
export function staleText({ service, fault }) {
  return `${service}: accepted but no longer found: ${fault}\n-> To remove it from accepted.json, run: npx drizzle-fleet check --accept "<reason>"`;
}
