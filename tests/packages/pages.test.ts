import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createFolder } from "../support/fleet.ts";
import { packFleet } from "../support/installation.ts";
import { pagesOfRepository, readPage } from "../support/markdown.ts";
import { followPage, isRun } from "../support/page-runner.ts";
import { runningProcesses } from "../support/processes.ts";

/** The package as npm would publish it. */
let place: string;
let fleet: string;

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "drizzle-fleet-pages-"));
  fleet = await packFleet(place);
});

afterAll(() => rm(place, { recursive: true }));

const pages = pagesOfRepository().filter((page) => isRun(readPage(page)));

test("the tutorial is a page whose commands are run", () => {
  expect(pages).toContain("docs/tutorial.md");
});

test.each(pages)(
  "%s works as written, in an empty folder, and leaves no process running",
  { timeout: 240_000 },
  async (page) => {
    const folder = await createFolder();
    await followPage(readPage(page), folder, fleet);
    const left = await runningProcesses();
    expect(left.length).toBeGreaterThan(1);
    expect(left.filter(({ commandLine }) => commandLine.includes(folder))).toEqual([]);
  },
);
