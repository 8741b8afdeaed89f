import type { Rule } from "../rule.ts";
import { access } from "./access.ts";
import { blockingConstraint } from "./blocking-constraint.ts";
import { blockingIndex } from "./blocking-index.ts";
import { bulkDml } from "./bulk-dml.ts";
import { contractEarly } from "./contract-early.ts";
import { destructive } from "./destructive.ts";
import { enumRecreate } from "./enum-recreate.ts";
import { enumValueRenamed } from "./enum-value-renamed.ts";
import { longAfterExclusive } from "./long-after-exclusive.ts";
import { longName } from "./long-name.ts";
import { maintenance } from "./maintenance.ts";
import { noWhere } from "./no-where.ts";
import { opaque } from "./opaque.ts";
import { partition } from "./partition.ts";
import { published } from "./published.ts";
import { requiredColumn } from "./required-column.ts";
import { rewrite } from "./rewrite.ts";
import { scanWhileLocked } from "./scan-while-locked.ts";
import { sharedFkAdd } from "./shared-fk-add.ts";
import { sharedFkDrop } from "./shared-fk-drop.ts";
import { sharedWrite } from "./shared-write.ts";
import { timestampRewrite } from "./timestamp-rewrite.ts";
import { truncate } from "./truncate.ts";
import { unindexedFk } from "./unindexed-fk.ts";
import { validateInSameTransaction } from "./validate-in-same-transaction.ts";

/** All rules, in the order of the documentation. */
export const rules: readonly Rule[] = [
  ...[rewrite, timestampRewrite, enumRecreate, scanWhileLocked, validateInSameTransaction],
  ...[blockingIndex, blockingConstraint, longAfterExclusive],
  ...[bulkDml, noWhere, truncate],
  ...[destructive, contractEarly, requiredColumn, enumValueRenamed],
  ...[sharedFkAdd, sharedFkDrop, sharedWrite],
  ...[access, maintenance, unindexedFk, longName, partition, published, opaque],
];
