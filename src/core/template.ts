/**
 * A text with gaps for the name of the tenant schema: the pieces around the gaps, one more than there are gaps.
 */
export type Template = readonly string[];

/** Stands for the tenant schema's quoted name where a template is shown or parsed. Itself a quoted identifier. */
export const placeholder = '"{tenant}"';

/** Fills the gaps with an already quoted schema name. */
export function fill(template: Template, quotedSchema: string): string {
  return template.join(quotedSchema);
}

/** Puts templates and plain texts one after the other. */
export function concat(parts: readonly (Template | string)[]): Template {
  const pieces = [""];
  for (const part of parts) {
    const [first = "", ...rest] = typeof part === "string" ? [part] : part;
    pieces[pieces.length - 1] += first;
    pieces.push(...rest);
  }
  return pieces;
}
