import type { FleetError } from "./errors.ts";

/** Something that a check found in a service. */
export interface Finding {
  readonly service: string;
  readonly problem: FleetError;
  /** The migrations, where one finding stands for several of a kind. */
  readonly tags?: readonly string[];
  /** The SQL of the migration that is missing. */
  readonly sql?: readonly string[];
  /** What may be a rename; the SQL takes it as dropped and new. */
  readonly questions?: readonly string[];
}
