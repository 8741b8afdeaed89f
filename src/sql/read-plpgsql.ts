import { fill } from "../core/template.ts";
import type { Body } from "./body.ts";
import { applyEdits, type Edit, type ParsedText } from "./parsed-text.ts";
import { parsePlpgsql, type Tree } from "./parser.ts";
import { declaredTypes } from "./plpgsql-declarations.ts";

/**
 * Reads a function with another body, by PL/pgSQL's parser. The parser has no catalog: it takes a variable of an unknown
 * type for a record and does not show its default, and it takes neither `t%ROWTYPE` for a record nor an array of an
 * unknown type for an array. So the body is read with its declarations unchanged, and again with the closest types that
 * the parser knows; what any of the readings contains counts.
 *
 * @returns undefined when the parser cannot read the body in any of these ways
 */
export function readPlpgsql({ text }: ParsedText, body: Body, value: string): Tree | undefined {
  const contents = [value, withKnownTypes(value, "all"), withKnownTypes(value, "rows and arrays")];
  // Without such declarations all three texts are the same, and one reading is enough.
  const readings = [...new Set(contents)].map((content) => {
    const replacement = [`'${content.replaceAll("'", "''")}'`];
    return parsePlpgsql(
      fill(applyEdits(text, [{ start: body.token.start, end: body.token.end, replacement }]), ""),
    );
  });
  return readings.some((reading) => reading !== undefined) ? { readings } : undefined;
}

function withKnownTypes(body: string, which: "all" | "rows and arrays"): string {
  const edits = declaredTypes(body).flatMap(({ start, end, kind }): Edit[] => {
    if (kind === "row") return [{ start, end, replacement: ["record"] }];
    if (kind === "array") return [{ start, end, replacement: ["text[]"] }];
    return which === "all" ? [{ start, end, replacement: ["text"] }] : [];
  });
  return fill(applyEdits(body, edits), "");
}
