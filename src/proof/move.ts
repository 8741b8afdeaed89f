import type { Session } from "../postgres/session.ts";
import type { Tree } from "../sql/parser.ts";
import type { Subject } from "../sql/subjects.ts";

/** A statement on its way into a migration. */
export interface Move {
  /** What is written into the file, without a semicolon. */
  readonly text: string;
  /** What runs in the scratch schema. */
  readonly sql: string;
  readonly tree: Tree;
  readonly subjects: readonly Subject[];
  /** The types that it gives to columns, or casts to. */
  readonly types: readonly string[];
  /** True for one that makes again what a repair took away. */
  readonly restores?: boolean;
}

/** Which way a migration goes. A person decides what rows need on the way up; on the way down there is no one to ask. */
export type Direction = "up" | "down";

/** What a repair may look at. */
export interface Trial {
  readonly session: Session;
  readonly schema: string;
  readonly direction: Direction;
  /** True: all is tried in one transaction. */
  readonly together: boolean;
  /** Reads SQL that a repair writes. */
  readonly read: (text: string) => Move;
  /** A schema that is as this one is to be in the end; undefined where nothing describes it. */
  readonly described: () => Promise<string | undefined>;
  /** The statements that are still to run, in order. */
  readonly ahead: readonly Move[];
}
