import { code, escapeText, generatedFrom, page, table, withOptions, wrap } from "./markdown.mjs";
import { commentOf, membersOfUnion, sourceOf, typeNamed } from "./types.mjs";

/** The page of exit codes, and of the kinds of errors that end with each. */
export function exitCodesPage({ exitCodeMeanings, exitCodesOfErrors }) {
  const kinds = membersOfUnion(typeNamed(sourceOf("src/core/errors.ts"), "FleetErrorCode"));
  const rows = kinds.map((kind) => {
    const name = kind.getText().replaceAll('"', "");
    return [code(name), escapeText(commentOf(kind)), code(String(exitCodesOfErrors[name]))];
  });
  return page(
    generatedFrom("src/cli/exit-codes.ts and src/core/errors.ts"),
    "# Exit codes",
    wrap(
      "Scripts can rely on these numbers. Each command lists those that it can end with: see [command line](cli.md).",
    ),
    table(
      ["exit code", "meaning"],
      Object.entries(exitCodeMeanings).map(([number, text]) => [code(number), escapeText(text)]),
    ),
    "## Kinds of errors",
    wrap(
      "An error that ends a command has a kind: the `code` of a `FleetError` in programs, and of the " +
        "[error document](json.md#errors) that `--json` writes. A target that fails in a rollout is not an error of the command, but an outcome: the rollout's " +
        "exit code says whether a target failed.",
    ),
    table(["kind", "meaning", "exit code"], rows),
  );
}

/** The page of environment variables. */
export function environmentPage({ environmentVariables }) {
  return page(
    generatedFrom("src/cli/help/environment.ts"),
    "# Environment variables",
    wrap(
      "The variables that `npx drizzle-fleet --help` lists. [Configuration](../configuration.md#environment-variables) " +
        "describes all variables, and how to supply [secrets](../configuration.md#secrets) as files.",
    ),
    table(
      ["variable", "meaning"],
      Object.entries(environmentVariables).map(([names, meaning]) => [
        names.split(", ").map(code).join(", "),
        withOptions(meaning),
      ]),
    ),
  );
}
