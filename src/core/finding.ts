import type { FleetError } from "./errors.ts";

/** A problem that a check found in a service. */
export interface Finding {
  readonly service: string;
  readonly problem: FleetError;
  /** The migrations, if one finding summarizes several of a kind. */
  readonly tags?: readonly string[];
  /** The SQL of the missing migration. */
  readonly sql?: readonly string[];
  /** Possible renames, which the SQL treats as a drop and a creation. */
  readonly questions?: readonly string[];
}
