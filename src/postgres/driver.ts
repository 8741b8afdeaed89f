import { createRequire } from "node:module";

type Driver = typeof import("pg").default;

/**
 * Loads pg. While it loads, it looks for a `navigator`, and for want of one creates a Response to find out whether it runs
 * in a Cloudflare Worker: Node.js 20 then loads its HTTP client, which takes longer than pg itself. Later versions have
 * a `navigator`.
 */
function load(): Driver {
  const require = createRequire(import.meta.url);
  if ("navigator" in globalThis) return require("pg");
  Object.defineProperty(globalThis, "navigator", {
    value: { userAgent: "Node.js" },
    configurable: true,
  });
  try {
    return require("pg");
  } finally {
    Reflect.deleteProperty(globalThis, "navigator");
  }
}

/** The driver. */
export const driver = load();
