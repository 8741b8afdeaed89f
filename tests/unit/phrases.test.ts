import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");

/** Phrases that confused readers, with what to write instead. */
const phrases: readonly (readonly [RegExp, string])[] = [
  [/\bwho(so)?m?ever\b/i, "the caller, the user, or the role"],
  [/\b(somebody|everybody|nobody)\b(?!@)/i, "name the subject: a user, a role, another session"],
  [/\bone's own\b/i, "its own"],
  [/\bso many\b/i, "a number of"],
  [/\bmend(s|ed|ing)?\b/i, "fix"],
  [/\bgone since\b/i, "missing"],
  [/\b(brought|come|comes|bring|brings) (it |them )?to (its|their) end\b/i, "finish"],
  [/\b(address|name|id|value|number|file) is none\b/i, "is not a ..."],
  [/\bare there already\b|\bis there already\b/i, "already exists"],
  [/\bthose there\b/i, "existing"],
  [/\btake[ns]? back\b|\btook back\b|\btaking back\b/i, "revert"],
  [/\blets? (it |them )?(in|out)\b(?! the)|\bshut out\b/i, "grant or revoke access"],
  [/\bonce more to\b/i, "again to"],
  [/\bis said (by|in|with|of)\b/i, "specified by"],
  [/\bwhat there is\b/i, "usage"],
  [/\bhalf[- ]made\b/i, "incomplete"],
  [/\bmade anew\b|\bbegins? anew\b/i, "created again, starts over"],
  [/\bstands? at different\b/i, "are at different"],
  [/\bfor sql alone\b|\bis for .{1,20} alone\b/i, "requires"],
  [/\bbehind (it|them|that|this|the (first|last|number|newest|migration|other))\b/i, "after"],
];

/** Allowed uses: the user `nobody` of the operating system, and example addresses. */
const meant = /user (postgres or )?nobody|postgres", "nobody"|or nobody\b|someone@|somebody@/;

function textsIn(folder: string, pattern: RegExp): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => pattern.test(file))
    .map((file) => join(folder, file));
}

test("sources, pages and help keep to plain English", () => {
  const files = [
    ...textsIn("src", /\.ts$/),
    ...textsIn("docs", /\.md$/),
    ...textsIn("scripts", /\.mjs$/),
    ...textsIn("tests/unit/help", /\.txt$/),
    ...["README.md", "CONTRIBUTING.md", "CHANGELOG.md"],
  ];
  expect(files.length).toBeGreaterThan(400);
  const found = files.flatMap((file) =>
    readFileSync(join(root, file), "utf8")
      .split("\n")
      .flatMap((line, index) =>
        phrases
          .filter(([phrase]) => phrase.test(line) && !meant.test(line))
          .map(([, better]) => `${file}:${index + 1} (${better}): ${line.trim()}`),
      ),
  );
  expect(found).toEqual([]);
});
