import type { Direction } from "../core/rollout.ts";
import type { Session } from "../postgres/session.ts";
import type { Tree } from "../sql/parser.ts";
import type { Subject } from "../sql/subjects.ts";

/** A statement that is tried before it becomes part of a migration. */
export interface DraftStatement {
  /** The text for the file, without a semicolon. */
  readonly text: string;
  /** The text that runs in the scratch schema. */
  readonly sql: string;
  readonly tree: Tree;
  readonly subjects: readonly Subject[];
  /** The types that it uses for columns or casts. */
  readonly types: readonly string[];
  /** True if it creates again what a repair dropped. */
  readonly restores?: boolean;
}

/** What a repair can use. */
export interface RepairContext {
  readonly session: Session;
  readonly schema: string;
  readonly direction: Direction;
  /** True if everything is tried in one transaction. */
  readonly together: boolean;
  /** Parses SQL that a repair writes. */
  readonly read: (text: string) => DraftStatement;
  /** A schema with the structure that this one will have in the end; undefined if nothing describes it. */
  readonly described: () => Promise<string | undefined>;
  /** The statements that have not run yet, in order. */
  readonly ahead: readonly DraftStatement[];
}
