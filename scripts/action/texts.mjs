// The Markdown of the summary and of the comment. Text from the project is always in code, where Markdown, HTML and
// mentions have no effect.
import { staleText, textOf } from "./findings.mjs";

/** GitHub's limits are 1 MiB for the summary of a step, in bytes, and 65,536 characters for a comment. */
const limits = { summaryBytes: 1_000_000, commentCharacters: 65_000 };

const downs = {
  yes: "yes",
  lossy: "yes, but it does not restore all data",
  irreversible: "no: marked as irreversible",
  empty: "no: the file is empty",
  missing: "no",
};

/** The first line of the comment, which a later run finds it by. Each project of a repository has its own comment. */
export function markerOf(project) {
  return `<!-- drizzle-fleet check: ${encodeURIComponent(project)} -->`;
}

/** Everything that the run found. */
export function summaryText({ findings, stale, proved, pending }) {
  const blocks = [`## drizzle-fleet check: ${counted(findings.length, "problem")}\n`];
  for (const finding of findings) blocks.push(findingBlock(finding));
  if (stale.length > 0) blocks.push(fenced("text", stale.map(staleText).join("\n")));
  for (const { service, migrations } of proved)
    blocks.push(`${inCode(service)}: ${counted(migrations, "migration")} proved on a server.\n`);
  if (pending !== undefined && pending.length > 0)
    blocks.push(`## ${pendingTitle(pending)}\n`, tableOf(pending), ...pending.map(sqlBlock));
  return fitted(blocks, limits.summaryBytes, (text) => Buffer.byteLength(text));
}

/** The migrations that the pull request adds, and the number of problems. */
export function commentText({ findings, pending, runUrl, commit }, marker) {
  const title = `### drizzle-fleet: ${pendingTitle(pending)}\n`;
  const problems =
    findings.length === 0
      ? "check found no problems.\n"
      : `**check found ${counted(findings.length, "problem")}**: see [the run](${runUrl}).\n`;
  const table = pending.length === 0 ? [] : [tableOf(pending)];
  const blocks = [`${marker}\n${title}`, problems, ...table, ...pending.map(sqlBlock)];
  const end = `\n<sub>For commit ${commit}.</sub>\n`;
  return fitted(blocks, limits.commentCharacters - end.length, (text) => text.length) + end;
}

function pendingTitle(pending) {
  return pending.length === 0
    ? "no pending migrations"
    : counted(pending.length, "pending migration");
}

function findingBlock(finding) {
  const place = [finding.service, finding.where].filter(Boolean).join("  ");
  return fenced("text", [...(place === "" ? [] : [place]), textOf(finding)].join("\n"));
}

function tableOf(pending) {
  const rows = pending.map(
    ({ service, tag, down }) =>
      `| ${inCode(service)} | ${inCode(tag)} | ${downs[down] ?? inCode(down)} |`,
  );
  return ["| service | migration | down |", "|---|---|---|", ...rows, ""].join("\n");
}

function sqlBlock({ file, sql }) {
  const title = `<details><summary><code>${escaped(file)}</code></summary>\n\n`;
  return `${title}${fenced("sql", sql.trimEnd())}\n</details>\n`;
}

/** A code block. Its fence is longer than any in the text. */
function fenced(language, text) {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${text}\n${fence}\n`;
}

/** Code in a line of text or a cell of a table, as HTML: a name with backticks or a bar would end Markdown's. */
function inCode(text) {
  return `<code>${escaped(text)}</code>`;
}

function escaped(text) {
  return String(text).replace(/[^\p{L}\p{N} ._/-]/gu, (one) => `&#${one.codePointAt(0)};`);
}

/** As many blocks as fit, and how many did not. A block is shown as a whole or not at all. */
function fitted(blocks, most, sizeOf) {
  const note = (count) => `\n${counted(count, "part")} not shown: too long for GitHub.\n`;
  const room = most - sizeOf(note(blocks.length));
  const shown = [];
  let size = 0;
  for (const block of blocks) {
    const more = sizeOf(block) + 1;
    if (size + more > room) continue;
    shown.push(`${block}\n`);
    size += more;
  }
  const text = shown.join("");
  const omitted = blocks.length - shown.length;
  return omitted === 0 ? text : text + note(omitted);
}

function counted(count, noun) {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
