import { expect, test } from "vitest";
import { publicApiOf } from "../support/public-api.ts";

// After an intended change, run: npx vitest run tests/cli/public-api.test.ts -u
test.each([
  ["index", "index.d.ts"],
  ["config", "config/define.d.ts"],
  ["runtime", "runtime/open.d.ts"],
])("the exports of %s, and their types, are those of the snapshot", async (name, entry) => {
  await expect(publicApiOf(entry)).toMatchFileSnapshot(`./public-api/${name}.txt`);
});
