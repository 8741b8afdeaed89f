import type { FleetInput } from "./schema.ts";

/**
 * The text of a configuration file that declares a fleet. Connection URLs must be references to the environment.
 *
 * @param file its name: one in .cjs is written as CommonJS
 */
export function fleetConfigText(
  { databases, services, tenants = [] }: FleetInput,
  file: string,
): string {
  const isCommonJs = file.endsWith(".cjs");
  const from = '"drizzle-fleet/config"';
  const lines = [
    ...blockOf("databases", databases, ({ url }) =>
      typeof url !== "object" ? [] : [`url: env(${quoted(url.environmentVariable)}),`],
    ),
    ...blockOf("services", services, (service) =>
      Object.entries(service).flatMap(([key, value]) =>
        value === undefined ? [] : `${key}: ${quoted(value)},`,
      ),
    ),
    ...(Array.isArray(tenants) && tenants.length > 0 ? [`tenants: ${quoted(tenants)},`] : []),
  ];
  return [
    isCommonJs
      ? `const { defineFleet, env } = require(${from});`
      : `import { defineFleet, env } from ${from};`,
    "",
    `${isCommonJs ? "module.exports =" : "export default"} defineFleet({`,
    ...lines.map((line) => `  ${line}`),
    "});",
    "",
  ].join("\n");
}

function blockOf<Entry>(
  name: string,
  entries: Readonly<Record<string, Entry>>,
  linesOf: (entry: Entry) => readonly string[],
): string[] {
  const inner = Object.entries(entries).flatMap(([key, entry]) => [
    `${/^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(key) ? key : quoted(key)}: {`,
    ...linesOf(entry).map((line) => `  ${line}`),
    "},",
  ]);
  return [`${name}: {`, ...inner.map((line) => `  ${line}`), "},"];
}

/** A literal as a formatter would leave it. */
function quoted(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(quoted).join(", ")}]`;
  return JSON.stringify(value);
}
