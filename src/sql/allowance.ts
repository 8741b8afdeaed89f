import type { ChangedObject } from "./changed-objects.ts";

/** What decides whether a statement may change something that tenants share. */
export interface SharingRules {
  /** Schemas that statements may name in addition to the tenant's own. */
  readonly sharedSchemas: readonly string[];
  /** Where CREATE EXTENSION puts extensions, once per database; without it the statement is refused. */
  readonly extensionSchema?: string | undefined;
  /** The schema of a service that is not kept per tenant: its statements run once. */
  readonly singleSchema?: string | undefined;
  /** Set for a down: what its migration changed in schemas other than the target's. */
  readonly down?: { readonly changedOutside: readonly ChangedObject[] } | undefined;
}

/** What a service's configuration allows its SQL files to do. */
export interface Allowance extends SharingRules {
  /** The names that the SQL uses for the schema of its target; `public` by default. The first is the one to write. */
  readonly sourceSchemas?: readonly string[];
  /** True when the parts that cannot be proved were reviewed and accepted (`acceptUnproved`). */
  readonly acceptUnproved?: boolean;
}

/** The schemas that a service's SQL may name in addition to its target's. */
export function allowedSchemas({ sharedSchemas, extensionSchema }: SharingRules): string[] {
  return [...sharedSchemas, ...(extensionSchema === undefined ? [] : [extensionSchema])];
}
