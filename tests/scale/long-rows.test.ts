import { constants } from "node:buffer";
import { join } from "node:path";
import { expect, test } from "vitest";
import { addTenant } from "../../src/operations/add-tenant.ts";
import { importTenant } from "../../src/operations/import-tenant.ts";
import { removeTenant } from "../../src/operations/remove-tenant.ts";
import { createFolder } from "../support/fleet.ts";
import { createFleet, only, tenantStatuses } from "../support/two-services.ts";

/** A row that is too long for a JavaScript string. */
const length = constants.MAX_STRING_LENGTH + 1_000;

test("a row that is longer than any string is exported and imported without using more memory", async () => {
  const fleet = await createFleet();
  const { context, second } = fleet;
  await addTenant(context, { tenant: "acme" });
  await second.query(
    "INSERT INTO log_acme.lines (line) VALUES ('before'), (repeat('x', $1)), (repeat('ü\\\t', 1000000)), ('after')",
    [length],
  );
  const digest = () =>
    second.query(
      "SELECT hashtextextended(line, 0) AS hash, length(line) AS length FROM log_acme.lines ORDER BY length(line), line",
    );
  const before = await digest();
  const file = join(await createFolder(), "acme.gz");
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss);
  }, 20);
  const start = process.memoryUsage().rss;
  await removeTenant(context, { tenant: "acme", dump: file });
  await importTenant(context, { file });
  clearInterval(watch);
  expect(await tenantStatuses(fleet)).toEqual(only("acme"));
  expect(await digest()).toEqual(before);
  expect(most - start).toBeLessThan(400 * 1024 * 1024);
}, 300_000);
