import { join } from "node:path";
import { expect, test } from "vitest";
import { run } from "../support/cli.ts";
import { createFolder, type Files } from "../support/fleet.ts";
import { createRepository } from "../support/git.ts";
import { repository } from "../support/repository.ts";

/** Runs the guards in a new repository. */
async function guard(files: Files) {
  const folder = await createFolder(files);
  const { commit } = await createRepository(folder);
  await commit("specimens");
  return run(folder, process.execPath, [join(repository, "scripts/guards.mjs")]);
}

// The specimens are put together here: as a whole, the guards would find them in this file.
const override = String.fromCodePoint(0x202e);
const token = ["ghp_", "0123456789abcdefghijABCDEFGHIJ012345"].join("");
const url = ["postgresql://admin", ":hunter2hunter2@", "db.acme.io/shop"].join("");

test("the guards find every planted specimen, and name its file and line", async () => {
  const { code, stdout, stderr } = await guard({
    "src/access.ts": `const a = 1;\nconst isAdmin = "user${override}";\n`,
    ".env": "A=1\n",
    "deploy/.env.production": "A=1\n",
    "deploy.sh": `curl -H "authorization: token ${token}"\nmigrate ${url}\n`,
    "tests/a.test.ts": [
      'test.skip("a", () => {});',
      'describe.concurrent.only("b", () => {});',
      'test.todo("c");',
      'test.skipIf(true)("d", () => {});',
      'test("e", { skip: true }, () => {});',
      'test("f", (context) => context.skip());',
      'test("g", ({ skip }) => skip());',
      'xit("h", () => {});',
    ].join("\n"),
  });
  expect(code).toBe(1);
  expect(stdout).toBe(`bidirectional control characters: 1
tracked environment files: 2
secrets: 2
skipped tests: 8
circular imports: none
`);
  expect(stderr).toContain("  src/access.ts:2: U+202E\n");
  expect(stderr).toContain("  .env\n  deploy/.env.production\n");
  expect(stderr).toContain("  -> To stop tracking a file, run: git rm --cached <file>\n");
  expect(stderr).toMatch(/ {2}deploy\.sh:1:\d+: .*GitHub/);
  expect(stderr).toMatch(/ {2}deploy\.sh:2:\d+: .*PostgreSQL/);
  // The log of a public run would publish them again.
  expect(stderr).not.toContain(token);
  expect(stderr).not.toContain("hunter2");
  for (let line = 1; line <= 8; line += 1) expect(stderr).toContain(`  tests/a.test.ts:${line}: `);
});

test("the guards accept examples, fake passwords, and words in strings", async () => {
  const { code, stdout } = await guard({
    ".env.example": "DATABASE_URI=postgresql://postgres:password@localhost:5432/platform\n",
    "a.test.ts": `// test.skip is not allowed\ntest("names test.only", () => expect(only.skip).toBe("x"));\n`,
    "image.bin": `\0${override}`,
  });
  expect(stdout).toContain("skipped tests: none");
  expect(code).toBe(0);
});

test("npm run layers refuses circular imports", async () => {
  const folder = await createFolder({
    "tsconfig.json": "{}",
    "src/core/a.ts": 'import { b } from "./b.ts";\nexport const a = () => b;\n',
    "src/core/b.ts": 'import { a } from "./a.ts";\nexport const b = () => a;\n',
  });
  const program = join(repository, "node_modules/dependency-cruiser/bin/dependency-cruise.mjs");
  const config = join(repository, ".dependency-cruiser.mjs");
  const { code, stdout } = await run(folder, process.execPath, [
    program,
    "--config",
    config,
    "src",
  ]);
  expect(stdout).toContain("error no-circular: src/core/a.ts");
  expect(code).toBeGreaterThan(0);
});

test("npm run lint:workflows finds a mistake, and accepts the workflows of this repository", async () => {
  const script = join(repository, "scripts/lint-workflows.mjs");
  const workflow =
    "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo $" +
    "{{ github.evnt }}\n";
  const files = { "bad.yml": workflow, "page.md": `# Page\n\n\`\`\`yaml\n${workflow}\`\`\`\n` };
  const folder = await createFolder(files);
  const bad = await run(folder, process.execPath, [script, ...Object.keys(files)]);
  expect(bad.code).toBe(1);
  expect(bad.stderr).toMatch(
    /^bad\.yml:6:\d+: property "evnt" is not defined.*\npage\.md:9:\d+: property "evnt"/,
  );
  const own = await run(repository, process.execPath, [script]);
  expect(own).toMatchObject({ code: 0, stderr: "" });
});
