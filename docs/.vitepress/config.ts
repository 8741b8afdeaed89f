import { cpSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "vitepress";
import { anchorOf } from "./anchors.ts";
import { homePage } from "./home.ts";
import { adapt } from "./markdown.ts";
import { sidebar } from "./pages.ts";

const root = join(import.meta.dirname, "../..");
const { description, homepage, version } = JSON.parse(
  readFileSync(join(root, "package.json"), "utf8"),
) as { description: string; homepage: string; version: string };
const repository = homepage.replace(/#.*/, "");

/** Three tenants, one above the other. */
const icon = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" fill="#3451b2"><rect x="2" y="2" width="12" height="3" rx="1"/><rect x="2" y="6.5" width="12" height="3" rx="1"/><rect x="2" y="11" width="12" height="3" rx="1"/></svg>',
)}`;

/** What the guides say is found before what the reference lists, and the API last. The browser runs this. */
function boostDocument(id: string): number {
  if (id.includes("/reference/api/")) return 0.1;
  return id.includes("/reference/") ? 0.5 : 1;
}

/** CONTRIBUTING.md says how to build the site. DOCS_BASE is the path at which it is served, such as `/drizzle-fleet/`. */
export default defineConfig({
  // The largest chunk is the index of the local search.
  vite: { build: { chunkSizeWarningLimit: 1_000 } },
  title: "drizzle-fleet",
  description,
  lang: "en",
  base: process.env.DOCS_BASE ?? "/",
  cleanUrls: true,
  head: [["link", { rel: "icon", type: "image/svg+xml", href: icon }]],
  markdown: {
    anchor: { slugify: anchorOf },
    config: (markdown) => adapt(markdown, `${repository}/blob/main`),
  },
  themeConfig: {
    nav: [
      { text: "Tutorial", link: "/tutorial" },
      { text: "Commands", link: "/reference/cli" },
      { text: version, link: `${repository}/blob/main/CHANGELOG.md` },
    ],
    sidebar: sidebar(),
    outline: [2, 3],
    search: { provider: "local", options: { miniSearch: { searchOptions: { boostDocument } } } },
    socialLinks: [{ icon: "github", link: repository }],
    editLink: { pattern: `${repository}/edit/main/docs/:path`, text: "Edit this page" },
    externalLinkIcon: true,
  },
  transformPageData: homePage,
  // JSON Schemas keep their addresses: pages link to them.
  buildEnd: ({ outDir }) => {
    const schemas = join(root, "docs/schemas");
    if (existsSync(schemas)) cpSync(schemas, join(outDir, "schemas"), { recursive: true });
  },
});
