import { fileURLToPath } from "node:url";

/** The absolute path of this checkout. */
export const repository = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
