import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join, posix } from "node:path";

/** The addresses that a page links to, without those of other sites. */
const linksIn = (html) =>
  [...html.matchAll(/<a\b[^>]*?\bhref="([^"]*)"/g)]
    .map(([, href]) => href.replaceAll("&amp;", "&"))
    .filter((href) => !/^[a-z]+:/.test(href));

const anchorsIn = (html) => new Set([...html.matchAll(/\bid="([^"]*)"/g)].map(([, id]) => id));

/**
 * Finds links of a built site that lead to no file, or to an anchor that its page does not have. VitePress itself checks
 * neither anchors nor the links of the sidebar.
 *
 * @param site the folder of the built site
 * @param base the path at which it is served
 * @returns each page with its dead link
 */
export async function deadLinks(site, base) {
  const files = (await readdir(site, { recursive: true })).map((name) =>
    name.replaceAll("\\", "/"),
  );
  const names = files.filter((name) => name.endsWith(".html") && name !== "404.html");
  const pages = new Map(
    await Promise.all(
      names.map(async (name) => {
        const html = await readFile(join(site, name), "utf8");
        return [name, { links: linksIn(html), anchors: anchorsIn(html) }];
      }),
    ),
  );
  /** The file that an address leads to. Without an extension it is a page, as with `cleanUrls`. */
  const fileOf = (name, path) => {
    if (path === "") return name;
    const address = posix.join(
      "/",
      path.startsWith("/") ? path.slice(base.length - 1) : posix.join(posix.dirname(name), path),
    );
    const file = `${address}${address.endsWith("/") ? "index" : ""}`.slice(1);
    return posix.extname(file) === "" ? `${file}.html` : file;
  };
  const isDead = (name, href) => {
    const [path, anchor] = href.split("#");
    const file = fileOf(name, path);
    if (anchor === undefined || anchor === "") return !existsSync(join(site, file));
    return pages.get(file)?.anchors.has(decodeURIComponent(anchor)) !== true;
  };
  return [...pages].flatMap(([name, { links }]) =>
    [...new Set(links)].filter((href) => isDead(name, href)).map((href) => `${name}: ${href}`),
  );
}
