import type { FleetInput, Tenant } from "./schema.ts";

/**
 * Formats a configuration file that declares a fleet. Connection URLs must be references to environment variables.
 *
 * @param file its name; a file that ends in .cjs is written as CommonJS
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

/** The lines of a configuration file that list tenants, one per line. */
export function tenantLines(tenants: readonly Tenant[]): string[] {
  return ["  tenants: [", ...tenants.map((tenant) => `    ${tenantText(tenant)},`), "  ],"];
}

function tenantText({ id, attributes, database }: Tenant): string {
  const entries = Object.entries(attributes);
  if (entries.length === 0 && database === undefined) return quoted(id);
  const named = entries.map(([name, value]) => `${keyText(name)}: ${quoted(value)}`).join(", ");
  return [
    `{ id: ${quoted(id)}`,
    ...(named === "" ? [] : [`attributes: { ${named} }`]),
    ...(database === undefined ? [] : [`database: ${quoted(database)}`]),
  ]
    .join(", ")
    .concat(" }");
}

function keyText(key: string): string {
  return /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(key) && key !== "__proto__" ? key : `[${quoted(key)}]`;
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

/** Formats a literal. */
function quoted(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(quoted).join(", ")}]`;
  return JSON.stringify(value);
}
