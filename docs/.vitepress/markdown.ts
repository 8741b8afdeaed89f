import { posix } from "node:path";
import type { MarkdownOptions } from "vitepress";

type MarkdownIt = Parameters<NonNullable<MarkdownOptions["config"]>>[0];

/**
 * Makes Markdown that is written for GitHub work on the site.
 *
 * @param repository the address of a file of the repository, without its path
 */
export function adapt(markdown: MarkdownIt, repository: string): void {
  showAsWritten(markdown);
  keepShortCodeTogether(markdown);
  linkToRepository(markdown, repository);
  showFileNames(markdown);
}

/** Keeps Vue from replacing `{{ }}`, which Helm and GitHub workflows use, too. In code blocks, VitePress does it. */
function showAsWritten(markdown: MarkdownIt): void {
  for (const rule of ["text", "code_inline"] as const) {
    const render = markdown.renderer.rules[rule];
    markdown.renderer.rules[rule] = (...given) =>
      render?.(...given).replaceAll("{{", "&#123;&#123;") ?? "";
  }
}

/** Longer code in a text can be broken into lines; an option must not be, after its hyphens. */
const longestUnbroken = 24;

function keepShortCodeTogether(markdown: MarkdownIt): void {
  markdown.core.ruler.push("short-code", ({ tokens }) => {
    for (const token of tokens.flatMap(({ children }) => children ?? []))
      if (token.type === "code_inline" && token.content.length <= longestUnbroken)
        token.attrJoin("class", "unbroken");
  });
}

/** Links to files outside docs/ lead to the repository: they are not part of the site. */
function linkToRepository(markdown: MarkdownIt, repository: string): void {
  markdown.core.ruler.push("links-to-the-repository", ({ tokens, env }) => {
    const folder = posix.dirname(posix.join("docs", env.relativePath));
    for (const link of tokens.flatMap(({ children }) => children ?? [])) {
      const href = link.type === "link_open" ? link.attrGet("href") : null;
      if (href === null || !href.startsWith("../")) continue;
      const path = posix.join(folder, href);
      if (!path.startsWith("docs/")) link.attrSet("href", `${repository}/${path}`);
    }
  });
}

/** Shows the file's name above a code block that has one: "ts [schema/auth.ts]". */
function showFileNames(markdown: MarkdownIt): void {
  const render = markdown.renderer.rules.fence;
  markdown.renderer.rules.fence = (tokens, index, ...given) => {
    const [, file] = /^[\w-]+ \[([^\]]+)\]/.exec(tokens[index]?.info ?? "") ?? [];
    const block = render?.(tokens, index, ...given) ?? "";
    if (file === undefined) return block;
    return `<p class="file-name">${markdown.utils.escapeHtml(file)}</p>\n${block}`;
  };
}
