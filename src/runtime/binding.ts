import type { Target } from "../core/target.ts";

/** The tenant that a transaction is bound to, and the conditions under which it may begin. */
export interface Binding {
  readonly target: Target;
  /** Schemas after the tenant schema on the search_path. */
  readonly sharedSchemas: readonly string[];
  /** The tag that must be completely applied; undefined: any state is accepted. */
  readonly minVersion: string | undefined;
  /** True if the transaction switches to the tenant role. */
  readonly ownRole: boolean;
  /** True if the registry lists the tenants: then a tenant's status can deny the application access. */
  readonly registry: boolean;
}
