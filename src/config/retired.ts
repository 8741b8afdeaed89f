import type { Environment } from "./secrets.ts";

/** The prefix of variables of an earlier platform. Only their names are read, never their values. */
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

/** A warning for each retired variable that is set: that it has no effect, and which variable replaces it. */
export function retiredWarnings(environment: Environment): string[] {
  return Object.keys(environment)
    .filter((name) => name.startsWith(retiredPrefix))
    .sort()
    .map((name) => {
      const [, rest = "", file = ""] =
        /^(.*?)(_FILE)?$/.exec(name.slice(retiredPrefix.length)) ?? [];
      const successor = successors[rest];
      return successor === undefined
        ? `warning: ${name} is no longer read, and nothing replaces it. Unset it.`
        : `warning: ${name} is no longer read. Set ${successor}${file} instead.`;
    });
}
