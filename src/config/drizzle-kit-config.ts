import { z } from "zod";
import { FleetError } from "../core/errors.ts";
import { type ImportedConfig, importConfig, isFleetDefinition } from "./load.ts";
import { prefixes } from "./schema.ts";

const text = z.string().min(1);

/** The settings of drizzle-kit that a fleet uses. */
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

/** The drizzle-kit configuration of a project that does not use drizzle-fleet yet. */
export interface PlainConfig
  extends Omit<ImportedConfig, "exported">,
    z.output<typeof plainSchema> {
  /** Settings that a fleet has no equivalent for. */
  readonly left: readonly string[];
}

/** Settings that a fleet has an equivalent for, or that only affect drizzle-kit's output. */
const understood = [
  ...Object.keys(plainSchema.shape),
  "dbCredentials",
  "breakpoints",
  "verbose",
  "strict",
];

/**
 * Reads the configuration of a project that only uses drizzle-kit.
 *
 * @param path the file, or undefined to search for it, see `findConfigFile`
 * @throws FleetError `config` if the file is missing, cannot be loaded, already defines a fleet, or is not for
 *   PostgreSQL
 */
export async function readPlainConfig(path: string | undefined): Promise<PlainConfig> {
  const { exported, ...place } = await importConfig(path);
  const { shown } = place;
  if (isFleetDefinition(exported, place.file))
    throw new FleetError("config", "this file already defines a fleet", {
      where: shown,
      remedy:
        "To change the fleet, edit the file. To record what drizzle-orm has applied, run: npx drizzle-fleet stamp --from-drizzle",
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
    remedy: "It must be a drizzle-kit configuration with schema, out and the dialect postgresql.",
  });
}
