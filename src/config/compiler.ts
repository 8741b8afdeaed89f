/** Starts esbuild's process, so that it is ready when the first TypeScript file is read. */
export async function startCompiler(): Promise<void> {
  const { transform } = await import("esbuild");
  await transform("");
}
