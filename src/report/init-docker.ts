import { shortList } from "../core/count.ts";
import { docsPage } from "../core/docs-page.ts";

/** What `init --docker` wrote. */
interface Written {
  readonly written: readonly string[];
  readonly folder: string;
  readonly copied: readonly string[];
  readonly missing: readonly string[];
}

/** The files that `init --docker` wrote, what the image will contain, and how to build it. */
export function dockerFilesText({ written, folder, copied, missing }: Written): string {
  return [
    `Wrote ${written.join(" and ")}. Besides drizzle-fleet, the image will contain:`,
    ...copied.map((path) => `  ${path}`),
    ...(missing.length === 0
      ? []
      : [`The build fails until these folders exist: ${shortList(missing)}`]),
    "",
    `How to run the image: ${docsPage("docker.md")}`,
    `To build it, run: docker build --tag migrations ${folder}`,
  ].join("\n");
}
