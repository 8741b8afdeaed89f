// Running the drizzle-fleet of the project.
import { spawn } from "node:child_process";

/** Splits a line into words as a shell does, with single and double quotes but without variables. */
export function wordsOf(line) {
  const words = line.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];
  return words.map((word) => word.replace(/"([^"]*)"|'([^']*)'/g, "$1$2"));
}

/** The --config of the options, which other verbs need, too. */
export function configOption(args) {
  const at = args.findIndex((word) => word === "--config" || word.startsWith("--config="));
  if (at === -1) return [];
  return args[at] === "--config" ? args.slice(at, at + 2) : [args[at]];
}

/**
 * A function that runs a verb in the folder of the project, and returns its exit code and what it wrote. Errors that it
 * writes are also shown in the log.
 */
export function programOf(line, folder) {
  const [program, ...before] = wordsOf(line);
  // Neither the configuration nor a package of the project needs the token.
  const { INPUT_TOKEN: _, ...environment } = process.env;
  return (...args) =>
    new Promise((done) => {
      const child = spawn(program, [...before, ...args], {
        cwd: folder,
        env: environment,
        stdio: ["ignore", "pipe", "pipe"],
      });
      let [stdout, stderr] = ["", ""];
      child.stdout.setEncoding("utf8").on("data", (text) => {
        stdout += text;
      });
      child.stderr.setEncoding("utf8").on("data", (text) => {
        stderr += text;
        process.stderr.write(text);
      });
      child.on("error", ({ message }) => done({ code: 2, stdout, stderr: message }));
      child.on("close", (code) => done({ code: code ?? 1, stdout, stderr }));
    });
}
