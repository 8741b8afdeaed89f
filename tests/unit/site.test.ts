import { createMarkdownRenderer } from "vitepress";
import { expect, test } from "vitest";
import { anchorOf } from "../../docs/.vitepress/anchors.ts";
import { adapt } from "../../docs/.vitepress/markdown.ts";

const renderer = await createMarkdownRenderer("docs", {
  anchor: { slugify: anchorOf },
  config: (markdown) => adapt(markdown, "https://example.com/blob/main"),
});

const render = (text: string, page = "ci.md") =>
  renderer.render(text, { relativePath: page, path: page });

test("double braces are shown as written, and not evaluated", () => {
  const text =
    "# A {{ a }}\n\nText {{ b }} and `{{ c }}`.\n\n| t |\n|---|\n| {{ d }} |\n\n```yaml\nx: {{ e }}\n```\n";
  const html = render(text);
  const outside = html
    .replaceAll(/<pre[^>]* v-pre[\s\S]*?<\/pre>/g, "")
    .replaceAll(/="[^"]*"/g, "");
  expect(html).toContain("v-pre");
  expect(outside).not.toContain("{{");
  expect(outside.match(/&#123;&#123; [abcd] /g)).toHaveLength(4);
});

test("links to files outside docs/ lead to the repository, and others to pages", () => {
  expect(render("[x](../README.md#use)")).toContain(
    'href="https://example.com/blob/main/README.md#use"',
  );
  expect(render("[x](../../src/index.ts)", "reference/json.md")).toContain(
    'href="https://example.com/blob/main/src/index.ts"',
  );
  expect(render("[x](../rollouts.md#pgbouncer)", "reference/cli.md")).toMatch(
    /href="(\.\/)?\.\.\/rollouts(\.html)?#pgbouncer"/,
  );
});

test("headings have the anchors that GitHub gives them", () => {
  expect(render("## Roll out, in waves: `--canary`")).toContain('id="roll-out-in-waves---canary"');
});

test("the name of a file is above its text", () => {
  expect(render("```ts [schema/auth.ts]\nexport {};\n```\n")).toContain(
    '<p class="file-name">schema/auth.ts</p>',
  );
  expect(render("```ts\nexport {};\n```\n")).not.toContain("file-name");
});
