// The layers of src/, lowest first (docs/ARCHITECTURE.md). A folder imports only from lower layers and from itself.
const layers = [
  ["core"],
  ["config", "postgres", "sql", "report"],
  ["source", "ledger", "control", "tenants", "catalog", "dev"],
  ["plan", "rollout", "autogenerate", "dump", "runtime"],
  ["fleet"],
  ["proof"],
  ["drift"],
  ["lint"],
  ["preflight"],
  ["tenancy"],
  ["operations"],
  ["cli"],
];

const layerRules = layers.flatMap((folders, level) =>
  folders.map((folder) => ({
    name: `layer-${folder}`,
    comment: `src/${folder} may import only from lower layers and from itself`,
    severity: "error",
    from: { path: `^src/${folder}/` },
    to: {
      path: "^src/",
      pathNot: `^src/(${[folder, ...layers.slice(0, level).flat()].join("|")})/`,
    },
  })),
);

export default {
  forbidden: [
    ...layerRules,
    { name: "no-circular", severity: "error", from: {}, to: { circular: true } },
    {
      name: "kit-only-in-autogenerate",
      comment: "drizzle-kit is heavy and changes its API: one file knows it",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/autogenerate/kit\\.ts$" },
      to: { path: "node_modules/drizzle-kit" },
    },
    {
      name: "pg-only-in-postgres",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/postgres/" },
      to: { path: "node_modules/pg(-copy-streams)?/" },
    },
    {
      name: "parser-only-in-sql",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/sql/" },
      to: { path: "node_modules/libpg-query" },
    },
    {
      name: "commander-only-in-cli",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/cli/" },
      to: { path: "node_modules/commander" },
    },
    {
      name: "verbs-apart",
      comment:
        "a verb imports no other verb: what they share is in fleet/, proof/ or tenancy/. dev is a session of two verbs",
      severity: "error",
      from: { path: "^src/operations/", pathNot: "^src/operations/dev\\.ts$" },
      to: { path: "^src/operations/" },
    },
    {
      name: "dev-runs-check-and-migrate",
      severity: "error",
      from: { path: "^src/operations/dev\\.ts$" },
      to: { path: "^src/operations/", pathNot: "^src/operations/(check|migrate)\\.ts$" },
    },
    {
      name: "only-cli-reports",
      comment: "operations return data; only the command line turns it into text for people",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/(cli|report)/" },
      to: { path: "^src/report/" },
    },
    { name: "unresolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
    },
  },
};
