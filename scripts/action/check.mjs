// The action of action.yml: runs `check` in the project, writes annotations, the summary of the run and one comment in
// the pull request, and ends with the exit code of `check`. It uses nothing but Node.js, because a runner has only a
// checkout of this repository, without node_modules.
import { appendFileSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { annotate, command } from "./annotations.mjs";
import { configOption, programOf, wordsOf } from "./command-line.mjs";
import { updateComment } from "./comment.mjs";
import { runCheck } from "./findings.mjs";
import { pendingMigrations } from "./pending.mjs";
import { commentText, markerOf, summaryText } from "./texts.mjs";

const environment = process.env;
const workspace = environment.GITHUB_WORKSPACE ?? process.cwd();
const project = environment.INPUT_WORKING_DIRECTORY || ".";
const folder = resolve(workspace, project);
const args = wordsOf(environment.INPUT_ARGS ?? "");
const run = programOf(environment.INPUT_COMMAND || "npx --no-install drizzle-fleet", folder);

const pullRequest = readEvent().pull_request;
const [checked, pending] = await Promise.all([
  runCheck(run, args),
  pullRequest === undefined
    ? undefined
    : pendingMigrations(run, folder, configOption(args), pullRequest.base.sha, warn),
]);

const report = { ...checked, pending, runUrl: runUrl(), commit: pullRequest?.head.sha };
annotate(checked, { workspace, folder, temporary: environment.RUNNER_TEMP });
appendTo("GITHUB_STEP_SUMMARY", summaryText(report));
appendTo(
  "GITHUB_OUTPUT",
  `findings=${checked.findings.length}\npending=${pending?.length ?? ""}\n`,
);
if (environment.INPUT_COMMENT === "true" && pullRequest !== undefined && pending !== undefined)
  await comment();
process.exitCode = checked.code;

async function comment() {
  if (isFork(pullRequest)) {
    console.log("The token of a pull request from a fork cannot write comments. See the summary.");
    return;
  }
  const marker = markerOf(project);
  const problem = await updateComment({
    url: `${environment.GITHUB_API_URL}/repos/${environment.GITHUB_REPOSITORY}`,
    user: `${environment.GITHUB_API_URL}/user`,
    number: pullRequest.number,
    token: environment.INPUT_TOKEN ?? "",
    marker,
    // Without a migration there is nothing to show, unless an earlier commit had one.
    onlyUpdate: pending.length === 0,
    text: commentText(report, marker),
  });
  if (problem !== undefined) warn(problem);
}

function isFork({ head, base }) {
  return head.repo?.full_name !== base.repo.full_name;
}

function readEvent() {
  const path = environment.GITHUB_EVENT_PATH ?? "";
  return path === "" ? {} : JSON.parse(readFileSync(path, "utf8"));
}

function runUrl() {
  const { GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_RUN_ID } = environment;
  return `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID}`;
}

function appendTo(variable, text) {
  const path = environment[variable] ?? "";
  if (path !== "") appendFileSync(path, text);
}

function warn(message) {
  console.log(command("warning", message));
}
