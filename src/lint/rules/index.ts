import type { Rule } from "../rule.ts";
import { rewrite } from "./rewrite.ts";
import { scanWhileLocked } from "./scan-while-locked.ts";

/** All rules, in the order of the documentation. */
export const rules: readonly Rule[] = [rewrite, scanWhileLocked];
