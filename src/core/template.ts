/**
 * A text with gaps for the name of the tenant schema, as the pieces around the gaps.
 */
export type Template = readonly string[];

/** The quoted identifier that replaces the tenant schema's name where a template is shown or parsed. */
export const placeholder = '"{tenant}"';

/** Fills the gaps with a quoted schema name. */
export function fill(template: Template, quotedSchema: string): string {
  return template.join(quotedSchema);
}

/** Concatenates templates and plain texts. */
export function concat(parts: readonly (Template | string)[]): Template {
  const pieces = [""];
  for (const part of parts) {
    const [first = "", ...rest] = typeof part === "string" ? [part] : part;
    pieces[pieces.length - 1] += first;
    pieces.push(...rest);
  }
  return pieces;
}
