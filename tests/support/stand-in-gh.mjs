// Stands in for GitHub's command line `gh`: it keeps the issues and labels of one repository in a file, and refuses
// commands and options that it does not know. The variable GH_STATE names the file.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";

const { GH_STATE = "", GH_TOKEN } = process.env;
const state = JSON.parse(readFileSync(GH_STATE, "utf8"));
const [noun, verb, ...rest] = process.argv.slice(2);

function refuse(message) {
  console.error(message);
  process.exit(1);
}

/** The options and the one other argument of a command. */
function argumentsWith(...names) {
  const options = Object.fromEntries(names.map((name) => [name, { type: "string" }]));
  const force = { force: { type: "boolean" } };
  const all = { args: rest, options: { ...options, ...force }, allowPositionals: true };
  const { values, positionals } = parseArgs(all);
  return { ...values, subject: positionals[0] };
}

function issueNumbered(number) {
  return state.issues.find((issue) => String(issue.number) === number) ?? refuse("no such issue");
}

/** GitHub refuses longer texts. */
function textFrom(file) {
  const text = readFileSync(file, "utf8");
  return text.length <= 65_536 ? text : refuse("body is too long (maximum is 65536 characters)");
}

const commands = {
  "issue list": () => {
    const {
      label,
      state: wanted = "open",
      json,
      jq,
    } = argumentsWith("label", "state", "json", "jq");
    const found = state.issues
      .filter((issue) => issue.state === wanted && issue.labels.includes(label))
      .map((issue) => Object.fromEntries(json.split(",").map((name) => [name, issue[name]])))
      .reverse();
    process.stdout.write(
      execFileSync("jq", ["--raw-output", jq], { input: JSON.stringify(found) }),
    );
  },
  "issue create": () => {
    const { label, title, "body-file": file } = argumentsWith("label", "title", "body-file");
    if (!state.labels.includes(label)) refuse(`could not add label: '${label}' not found`);
    const number = state.issues.length + 1;
    const body = textFrom(file);
    state.issues.push({ number, state: "open", title, labels: [label], body, comments: [] });
  },
  "issue edit": () => {
    const { subject, "body-file": file } = argumentsWith("body-file");
    issueNumbered(subject).body = textFrom(file);
  },
  "issue close": () => {
    const { subject, comment } = argumentsWith("comment");
    const issue = issueNumbered(subject);
    issue.state = "closed";
    issue.comments.push(comment);
  },
  "label create": () => {
    const { subject, force } = argumentsWith("color", "description");
    if (!state.labels.includes(subject)) state.labels.push(subject);
    else if (force !== true) refuse(`label with name "${subject}" already exists`);
  },
};

if (GH_TOKEN === undefined) refuse("set the GH_TOKEN environment variable");
const command = commands[`${noun} ${verb}`] ?? refuse(`unknown command: ${noun} ${verb}`);
command();
writeFileSync(GH_STATE, JSON.stringify(state));
