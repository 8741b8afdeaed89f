import { readPropertiesWithin } from "../../catalog/properties.ts";
import type { DriftDifference } from "../../core/drift.ts";
import type { Statement } from "../../core/migration.ts";
import type { Target } from "../../core/target.ts";
import type { OpenFleet } from "../../fleet/open-fleet.ts";
import { sharedSchemasOf } from "../../fleet/services.ts";
import type { Session } from "../../postgres/session.ts";
import { findTenantRoles } from "../../postgres/tenant-roles.ts";
import type { Inspection, MigrationScript } from "../../rollout/step-run.ts";
import type { Allowances } from "../allowed.ts";
import { tenantChanges } from "../tenant-changes.ts";
import type { RepairDraft } from "./draft.ts";
import { readable, type ShapeRepair } from "./shapes.ts";

/**
 * Makes the script that repairs the targets of a shape in a rollout.
 *
 * @param tag what outcomes call the repair
 */
export function scriptOfRepair(
  { context }: Pick<OpenFleet, "context">,
  repair: ShapeRepair,
  tag: string,
  allowed: Allowances,
): MigrationScript {
  const { service } = repair.compared.shape;
  const config = context.config.fleet.services[service];
  const perTenant = context.config.fleet.roles === "per-tenant";
  return {
    migration: { service, tag, file: "", checksum: "", text: "", downFile: "" },
    statements: statementsOf(repair.draft),
    sharedSchemas: config === undefined ? [] : sharedSchemasOf(config),
    inspect: (session, target) => inspectTarget(session, target, { repair, allowed, perTenant }),
  };
}

/** The statements of a draft, in its order. */
function statementsOf({ repaired }: RepairDraft): Statement[] {
  const all = repaired.flatMap(({ statements }) => statements);
  return all.map(({ sql, concurrently }, index) => {
    const before = all[index - 1];
    // A value of an enum can only be used after a commit.
    const needsCommit =
      before !== undefined && /^ALTER TYPE .* ADD VALUE /s.test(before.sql.join(""));
    const isAlone = concurrently !== undefined;
    return {
      sql,
      original: readable(sql),
      line: index + 1,
      transactional: !isAlone,
      startsSegment: isAlone || before?.concurrently !== undefined || needsCommit,
      plain: false,
      ...(concurrently === undefined ? {} : { concurrently }),
    };
  });
}

interface InspectionContext {
  readonly repair: ShapeRepair;
  readonly allowed: Allowances;
  readonly perTenant: boolean;
}

/** Compares a target with what is expected, except for what the repair leaves and the configuration accepts. */
async function inspectTarget(
  session: Session,
  target: Target,
  { repair, allowed, perTenant }: InspectionContext,
): Promise<Inspection> {
  const { compared, draft } = repair;
  const expected = compared.members.get(target)?.expected.objects ?? [];
  const [role] =
    perTenant && target.tenant !== undefined ? await findTenantRoles(session, [target.tenant]) : [];
  const { schema } = target;
  const found = await readPropertiesWithin(session, { schema, role: role?.name });
  if (found === undefined) return { kind: "changed", message: "the schema no longer exists" };
  const changes = allowed.remaining(target, tenantChanges(expected, found));
  const differences = changes.map(({ difference }) => difference);
  const stays = new Set(draft.unrepaired.map(({ difference }) => nameOf(difference)));
  const left = differences.filter((one) => !stays.has(nameOf(one)));
  const [first] = left;
  if (first === undefined) return { kind: "repaired" };
  if (JSON.stringify(differences) === JSON.stringify(compared.shape.differences))
    return { kind: "drifted" };
  return {
    kind: "changed",
    message: `the schema differs in another way than when it was compared: ${nameOf(first)}`,
  };
}

function nameOf({ kind, name }: DriftDifference): string {
  return `${kind} ${name}`.trim();
}
