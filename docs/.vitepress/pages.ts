import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { DefaultTheme } from "vitepress";

const docs = join(import.meta.dirname, "..");

/** The pages in the order of the sidebar. The sidebar shows those that exist, with the title of their first heading. */
const sections: Readonly<Record<string, readonly string[]>> = {
  Start: ["tutorial", "existing-projects"],
  Guides: [
    ...["zero-downtime", "waves", "onboarding"],
    ...["kubernetes", "docker", "ci", "managed-postgres"],
    ...["drizzle-kit-1", "from-alembic", "from-own-loop", "from-drizzle-multitenant"],
  ],
  Topics: [
    ...["migrations", "lint", "rollouts", "drift", "tenants", "runtime", "configuration"],
    ...["tenant-neutral-sql", "offline-sql"],
  ],
  Reference: [
    ...["reference/cli", "reference/configuration", "reference/environment"],
    ...["reference/exit-codes", "reference/json", "reference/lint-rules"],
  ],
  API: ["reference/api/index", "reference/api/config", "reference/api/runtime"],
  Help: [
    ...["troubleshooting", "security", "limits", "comparison"],
    ...["benchmarks", "ARCHITECTURE"],
  ],
};

/** The text of a page's first heading. */
function titleOf(page: string): string {
  const text = readFileSync(join(docs, `${page}.md`), "utf8");
  return /^# (.*)$/m.exec(text)?.[1] ?? page;
}

/** True if a page of docs/, named without its extension, exists. */
export const exists = (page: string) => existsSync(join(docs, `${page}.md`));

/** Every page of the site belongs to the sidebar: a page that only a link leads to is hard to find again. */
function refuseUnlisted(): void {
  const listed = new Set(["index", ...Object.values(sections).flat()]);
  const pages = readdirSync(docs, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md") && !name.startsWith("."))
    .map((name) => name.replaceAll("\\", "/").slice(0, -".md".length));
  const unlisted = pages.filter((page) => !listed.has(page));
  if (unlisted.length > 0)
    throw new Error(`docs/.vitepress/pages.ts does not list ${unlisted.join(", ")}`);
}

export function sidebar(): DefaultTheme.SidebarItem[] {
  refuseUnlisted();
  return Object.entries(sections)
    .map(([text, pages]) => ({
      text,
      items: pages
        .filter(exists)
        .map((page) => ({ text: titleOf(page), link: `/${page.replace(/index$/, "")}` })),
    }))
    .filter(({ items }) => items.length > 0);
}
