import { expect, test } from "vitest";
import { contextFor } from "../../src/cli/context.ts";
import { parseFleet } from "../../src/config/schema.ts";
import { notifyOnce } from "../../src/fleet/context.ts";
import { appFleet } from "../support/fleet.ts";

test("a command prints a line about its surroundings once, however often it opens databases", () => {
  const lines: string[] = [];
  const command = () => ({
    ...contextFor({
      fleet: parseFleet(appFleet("postgresql://u@h/d", [])),
      root: "/",
      file: "/drizzle.config.ts",
    }),
    notify: (line: string) => void lines.push(line),
  });
  const first = command();
  notifyOnce(first, "embedded PostgreSQL on 127.0.0.1");
  notifyOnce({ ...first }, "embedded PostgreSQL on 127.0.0.1");
  notifyOnce(first, "another line");
  expect(lines).toEqual(["embedded PostgreSQL on 127.0.0.1", "another line"]);
  notifyOnce(command(), "another line");
  expect(lines).toHaveLength(3);
});
