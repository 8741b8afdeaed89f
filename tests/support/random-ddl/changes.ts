import { code, policies } from "./code-changes.ts";
import { columns } from "./column-changes.ts";
import { others } from "./other-changes.ts";
import { constraints, indexes } from "./part-changes.ts";
import type { Weighted } from "./statements.ts";
import { tables } from "./table-changes.ts";
import { types } from "./type-changes.ts";
import { views } from "./view-changes.ts";

/** Statements that change something, with a few exceptions: a value may be the one that the object has. */
export const changes: readonly Weighted[] = [
  ...[...tables, ...columns, ...constraints, ...indexes],
  ...[...code, ...policies, ...views, ...types, ...others],
];
