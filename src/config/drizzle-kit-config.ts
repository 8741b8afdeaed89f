import { z } from "zod";
import { FleetError } from "../core/errors.ts";
import { type ImportedConfig, importConfig, isFleetDefinition } from "./load.ts";
import { prefixes } from "./schema.ts";

const text = z.string().min(1);

/** What of drizzle-kit's own configuration concerns a fleet. */
const plainSchema = z.looseObject({
  dialect: z.literal("postgresql", { error: "must be postgresql" }),
  schema: z.union([text, z.array(text).min(1)]),
  out: text.default("./drizzle"),
  casing: z.enum(["snake_case", "camelCase"]).optional(),
  migrations: z
    .looseObject({
      table: text.optional(),
      schema: text.optional(),
      prefix: z.enum(prefixes).optional(),
    })
    .optional(),
});

/** A project's configuration of drizzle-kit, as it was before there was a fleet. */
export interface PlainConfig
  extends Omit<ImportedConfig, "exported">,
    z.output<typeof plainSchema> {
  /** Settings that a fleet has no place for. */
  readonly left: readonly string[];
}

/** Settings that a fleet has, has in another way, or that only concern how drizzle-kit talks. */
const understood = [
  ...Object.keys(plainSchema.shape),
  "dbCredentials",
  "breakpoints",
  "verbose",
  "strict",
];

/**
 * Reads the configuration of a project that uses drizzle-kit alone.
 *
 * @param path the file, or undefined to look for it, see `configFile`
 * @throws FleetError `config` when it is missing, does not load, is a fleet's already, or is not for PostgreSQL
 */
export async function readPlainConfig(path: string | undefined): Promise<PlainConfig> {
  const { exported, ...place } = await importConfig(path);
  const { shown } = place;
  if (isFleetDefinition(exported, place.file))
    throw new FleetError("config", `${shown} is a fleet's configuration already`, {
      where: shown,
      remedy: "Change it by hand; what tenants have is recorded by drizzle-fleet stamp.",
    });
  const result = plainSchema.safeParse(exported);
  if (result.success) {
    const left = Object.keys(result.data).filter((key) => !understood.includes(key));
    return { ...place, ...result.data, left };
  }
  const problems = result.error.issues.map(
    ({ path: key, message }) => `${key.join(".") || "the export"}: ${message}`,
  );
  throw new FleetError("config", `${shown} cannot become a fleet: ${problems.join("; ")}`, {
    where: shown,
    remedy: "It must be a drizzle-kit configuration with dialect postgresql, schema and out.",
  });
}
