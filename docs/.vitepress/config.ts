import { cpSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "vitepress";
import { anchorOf } from "./anchors.ts";
import { adapt } from "./markdown.ts";
import { exists, sidebar } from "./pages.ts";

const root = join(import.meta.dirname, "../..");
const { description, homepage, version } = JSON.parse(
  readFileSync(join(root, "package.json"), "utf8"),
) as { description: string; homepage: string; version: string };
const repository = homepage.replace(/#.*/, "");

/** CONTRIBUTING.md says how to build the site. DOCS_BASE is the path at which it is served, such as `/drizzle-fleet/`. */
export default defineConfig({
  title: "drizzle-fleet",
  description,
  lang: "en",
  base: process.env.DOCS_BASE ?? "/",
  cleanUrls: true,
  markdown: {
    anchor: { slugify: anchorOf },
    config: (markdown) => adapt(markdown, `${repository}/blob/main`),
  },
  themeConfig: {
    nav: [
      ...(exists("tutorial") ? [{ text: "Tutorial", link: "/tutorial" }] : []),
      { text: "Commands", link: "/reference/cli" },
      { text: version, link: `${repository}/blob/main/CHANGELOG.md` },
    ],
    sidebar: sidebar(),
    outline: [2, 3],
    search: { provider: "local" },
    socialLinks: [{ icon: "github", link: repository }],
    editLink: { pattern: `${repository}/edit/main/docs/:path`, text: "Edit this page" },
    externalLinkIcon: true,
  },
  // JSON Schemas keep their addresses: pages link to them.
  buildEnd: ({ outDir }) => {
    const schemas = join(root, "docs/schemas");
    if (existsSync(schemas)) cpSync(schemas, join(outDir, "schemas"), { recursive: true });
  },
});
