/** `homepage` of package.json, which is not read here because help must start fast. */
export const homepage = "https://github.com/drizzle-fleet/drizzle-fleet#readme";

/**
 * The address of a page of docs/, which a user's project does not contain.
 *
 * @param page the file's name, such as `migrations.md`
 */
export function docsPage(page: string): string {
  return `${homepage.replace("#readme", "/blob/main/docs")}/${page}`;
}
