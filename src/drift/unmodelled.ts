import type { UnmodelledKind } from "../core/drift.ts";
import type { Target } from "../core/target.ts";
import type { Look } from "./look.ts";

/** Groups what cannot be compared in the schemas of a look by its kind. */
export function unmodelledKinds({ found, unmodelled }: Look): UnmodelledKind[] {
  const kinds = new Map<string, { count: number; names: Set<string>; targets: Set<Target> }>();
  for (const target of found.flatMap(({ targets }) => targets))
    for (const { kind, name } of unmodelled.get(target.database)?.get(target.schema) ?? []) {
      const one = kinds.get(kind) ?? { count: 0, names: new Set(), targets: new Set() };
      one.count += 1;
      one.names.add(name);
      one.targets.add(target);
      kinds.set(kind, one);
    }
  return [...kinds].map(([kind, { count, names, targets }]) => {
    return { kind, count, names: [...names], targets: [...targets] };
  });
}
