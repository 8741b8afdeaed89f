import type { Environment } from "./secrets.ts";

/** The prefix of variables that an earlier platform used. They are never read: only their names are looked at. */
const retiredPrefix = "ALGA_DB_";

const successors: Readonly<Record<string, string>> = {
  HOST: "DB_HOST",
  PORT: "DB_PORT",
  NAME: "DB_NAME_SERVER",
  USER: "DB_USER_SERVER",
  PASSWORD: "DB_PASSWORD_SERVER",
  ADMIN_USER: "DB_USER_ADMIN",
  ADMIN_PASSWORD: "DB_PASSWORD_ADMIN",
  SSLMODE: "DB_SSLMODE",
  SSLROOTCERT: "DB_SSLROOTCERT",
};

/** A warning for each retired variable that is set: it has no effect, and which one replaces it. */
export function retiredWarnings(environment: Environment): string[] {
  return Object.keys(environment)
    .filter((name) => name.startsWith(retiredPrefix))
    .sort()
    .map((name) => {
      const [, rest = "", file = ""] =
        /^(.*?)(_FILE)?$/.exec(name.slice(retiredPrefix.length)) ?? [];
      const successor = successors[rest];
      return successor === undefined
        ? `warning: ${name} is not read any more, and nothing replaces it. Unset it.`
        : `warning: ${name} is not read any more. Set ${successor}${file} instead.`;
    });
}
