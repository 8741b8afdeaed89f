import { howToInstall, isInstalled } from "./alembic.mjs";
import { installMultitenant } from "./multitenant.mjs";

/**
 * The other tools that the benchmark measures: none of them, unless it is asked to.
 *
 * @returns the program of drizzle-multitenant, whether Alembic can be measured, and a line for each tool that cannot
 */
export function openOthers(wanted) {
  if (!wanted) return { alembic: false, notes: [] };
  const alembic = isInstalled();
  const notes = alembic ? [] : [`Alembic is not installed. To measure it: ${howToInstall}`];
  return { multitenant: installMultitenant(), alembic, notes };
}
