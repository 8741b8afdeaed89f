import type { CatalogColumn } from "./builtins/catalog-columns.ts";
import { catalogReadsOf } from "./catalog-reads.ts";
import type { FromEntry } from "./catalog-scope.ts";
import { isHole } from "./executed-text.ts";
import type { Tree } from "./parser.ts";
import { reachOf } from "./reach.ts";
import type { SourceSchema } from "./source-schema.ts";
import type { Violation } from "./violation.ts";

/**
 * Reads of catalogs that are not limited to the tenant. A condition that looks at the whole database finds what the
 * first tenant has, and then skips the statement for all others.
 *
 * @param tree the statement with the placeholder for the tenant schema
 * @param source what the statement calls the tenant schema
 * @param shared schemas that the configuration allows in addition to the tenant's own
 */
export function unboundReads(
  tree: Tree,
  source: SourceSchema,
  shared: readonly string[],
): Violation[] {
  // With a single schema, no other one can be skipped.
  if (source.target !== undefined || !reachOf(tree, source).readsCatalogs) return [];
  return catalogReadsOf(tree).reads.flatMap(
    (relation) => violationOfRead(relation, source, shared) ?? [],
  );
}

function violationOfRead(
  relation: FromEntry,
  source: SourceSchema,
  shared: readonly string[],
): Violation | undefined {
  const { relname, schemaname } = relation.node ?? {};
  const name = [schemaname, relname].filter((part) => part !== undefined).join(".");
  const allowed = (schema: string) =>
    schema === "*" ? shared.length === 0 : shared.includes(schema);
  const others = relation.limits?.schemas.filter((schema) => !allowed(schema));
  if (others?.length === 0) return undefined;
  const [other = "*"] = others ?? [];
  if (other === "*" || isHole(other))
    return {
      message: `cannot prove that this stays in the tenant: ${name} lists the objects of all tenants, and no condition limits it to this tenant`,
      remedy: `${conditionFor(relation, source)} Or review it yourself and list the migration in the service's acceptUnproved.`,
      name: String(relname),
    };
  return {
    message: `cannot prove that this stays in the tenant: it looks in ${name} for the schema "${other}", which is neither the tenant's nor shared`,
    remedy: `Compare with current_schema(), or list "${other}" in the service's sharedSchemas. Or review it yourself and list the migration in acceptUnproved.`,
    name: other,
  };
}

/** The missing condition, ready to copy. */
function conditionFor({ catalog, name, node }: FromEntry, { first }: SourceSchema): string {
  const columns = [...(catalog?.columns ?? [])].filter(([, { own }]) => own);
  const of = (kind: CatalogColumn["kind"]) =>
    columns.find((column) => column[1].kind === kind)?.[0];
  const prefix = name === node?.relname ? "" : `${name}.`;
  const [schema, namespace] = [of("name"), of("namespace")];
  if (schema !== undefined) return `Add the condition: AND ${prefix}${schema} = current_schema().`;
  if (namespace !== undefined)
    return `Add the condition: AND ${prefix}${namespace} = '${first}'::regnamespace (drizzle-fleet replaces ${first} with the tenant schema).`;
  const objects = columns.filter(([column]) => column !== "oid");
  const [object] = objects[0] ?? columns[0] ?? [];
  if (object === undefined) return "Read another catalog, with a condition on the tenant's schema.";
  return `Add the condition, with the name of your object: AND ${prefix}${object} = ${objectFor(object)}.`;
}

/** An example of an object of the kind that a column refers to. */
function objectFor(column: string): string {
  if (/typ/.test(column)) return "'type'::regtype";
  if (/fn|proc/.test(column)) return "'function'::regproc";
  return /cfg/.test(column) ? "'configuration'::regconfig" : "'table'::regclass";
}
