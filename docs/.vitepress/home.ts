import type { PageData } from "vitepress";
import { exists } from "./pages.ts";

/** What is above the text of docs/index.md on the site. On GitHub, the page is its text alone. */
const hero = {
  name: "drizzle-fleet",
  text: "Migrations for every tenant",
  tagline:
    "Schema-per-tenant PostgreSQL migrations for Drizzle ORM: generated once, applied exactly once to each tenant.",
};

const features = [
  {
    title: "Exactly once",
    details:
      "A migration and its ledger entry are one transaction per tenant, even if the runner is killed or two runners work at the same time.",
    link: "/rollouts",
  },
  {
    title: "Never outside the tenant",
    details:
      "drizzle-kit's SQL gets the tenant's schema by PostgreSQL's own grammar. SQL that names any other schema is refused before anything runs.",
    link: "/tenant-neutral-sql",
  },
  {
    title: "Up, down and up again",
    details:
      "generate writes a down for each migration, and runs both in scratch schemas with rows before it writes the files.",
    link: "/migrations",
  },
  {
    title: "In waves",
    details:
      "A canary first, then waves with pauses, a verify command and a failure limit. An error names the tenant, the line and what to do.",
    link: "/waves",
  },
  {
    title: "Tenants as a whole",
    details:
      "Add, clone, export, rename, archive and remove a tenant: each of them completely, or not at all.",
    link: "/tenants",
  },
  {
    title: "Made for jobs and CI",
    details:
      "Exit codes that tell whether a retry helps, JSON with schemas, secrets from files, and a check that blocks a merge.",
    link: exists("kubernetes") ? "/kubernetes" : "/reference/exit-codes",
  },
];

/** Makes the page of docs/index.md the home page. */
export function homePage({ relativePath, frontmatter }: PageData): Partial<PageData> | undefined {
  if (relativePath !== "index.md") return undefined;
  const actions = [
    { theme: "brand", text: "Five-minute tutorial", link: "/tutorial" },
    { theme: "alt", text: "Add it to a project", link: "/existing-projects" },
  ];
  return { frontmatter: { ...frontmatter, layout: "home", hero: { ...hero, actions }, features } };
}
