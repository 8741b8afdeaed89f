// Secrets, found by secretlint with the rules of .secretlintrc.json.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const root = join(import.meta.dirname, "../..");
const program = join(
  dirname(createRequire(import.meta.url).resolve("secretlint/package.json")),
  "bin/secretlint.js",
);

/** secretlint's time grows with the square of the number of files: 2,200 files in one run take 14 s, in batches 5 s. */
const batchSize = 400;

export async function secretsIn(files) {
  const batches = [];
  for (let at = 0; at < files.length; at += batchSize)
    batches.push(files.slice(at, at + batchSize));
  const found = [];
  const worker = async () => {
    for (let batch = batches.shift(); batch !== undefined; batch = batches.shift())
      found.push(...(await lint(batch)));
  };
  await Promise.all([worker(), worker()]);
  return found.sort();
}

function lint(files) {
  const options = ["--no-glob", "--format", "unix", "--no-color", "--no-terminalLink"];
  const config = ["--secretlintrc", join(root, ".secretlintrc.json")];
  return new Promise((done, fail) => {
    const args = [program, ...options, ...config, ...files.map((file) => `./${file}`)];
    const child = spawn(process.execPath, args, { env: { ...process.env, FORCE_COLOR: "0" } });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      stderr += text;
    });
    child.on("error", fail);
    child.on("close", (code) => {
      if (code !== 0 && code !== 1) fail(new Error(`secretlint failed: ${stdout}${stderr}`));
      else done(linesOf(stdout));
    });
  });
}

/** Lines such as `/path/file:1:2: message`, without the last one, which counts them. */
function linesOf(text) {
  return text
    .split("\n")
    .filter((line) => /:\d+:\d+: /.test(line))
    .map((line) => line.replace(`${process.cwd()}/`, ""));
}
