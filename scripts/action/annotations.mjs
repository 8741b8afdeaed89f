// Annotations: workflow commands that GitHub shows at the lines of a pull request.
import { readFileSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { staleText, textOf } from "./findings.mjs";

/** GitHub drops what exceeds these numbers without a word. */
const limits = { perKind: 10, perJob: 50 };

/**
 * Writes one annotation for each finding, errors first, as long as GitHub shows them. The summary has all findings.
 *
 * @param temporary the runner's folder for the files of a job. It keeps the number of annotations for the next step
 */
export function annotate({ findings, stale }, { workspace, folder, temporary }) {
  const errors = findings.map((finding) =>
    command("error", textOf(finding), {
      ...placeOf(finding.where, workspace, folder),
      title: titleOf(finding.service),
    }),
  );
  const notices = stale.map((fault) =>
    command("notice", staleText(fault), { title: titleOf(fault.service) }),
  );
  const shown = [errors, notices].flatMap((lines) => lines.slice(0, limits.perKind));
  const used = annotationsOf(temporary);
  const now = shown.slice(0, Math.max(0, limits.perJob - used.count));
  used.add(now.length);
  for (const line of now) console.log(line);
  const rest = errors.length + notices.length - now.length;
  if (rest > 0) console.log(`${rest} more without an annotation: see the summary of this run.`);
}

/** A workflow command. The text can contain anything. */
export function command(kind, text, properties = {}) {
  const words = Object.entries(properties).map(([name, value]) => `${name}=${property(value)}`);
  return `::${[kind, words.join(",")].filter((part) => part !== "").join(" ")}::${data(text)}`;
}

function titleOf(service) {
  return service ? `drizzle-fleet: ${service}` : "drizzle-fleet";
}

/** The properties for `file:line:column`, of which line and column are optional. A configuration key is not a file. */
function placeOf(where, workspace, folder) {
  const [, name, line, col] = /^([^:,]+?)(?::(\d+))?(?::(\d+))?$/.exec(where ?? "") ?? [];
  if (name === undefined || !/[./\\]/.test(name)) return {};
  const file = relative(workspace, resolve(folder, name));
  if (file.startsWith("..")) return {};
  return { file, ...(line === undefined ? {} : { line }), ...(col === undefined ? {} : { col }) };
}

function data(text) {
  return String(text).replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function property(text) {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

function annotationsOf(temporary) {
  if (!temporary) return { count: 0, add: () => {} };
  const path = join(temporary, "drizzle-fleet-annotations");
  const count = readCount(path);
  return { count, add: (more) => writeFileSync(path, String(count + more)) };
}

function readCount(path) {
  try {
    return Number(readFileSync(path, "utf8"));
  } catch {
    return 0;
  }
}
