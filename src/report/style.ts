import { styleText } from "node:util";

type Colour = "red" | "green" | "yellow" | "dim" | "bold";

/** Colours text for a stream that is a terminal, unless NO_COLOR asks for none (no-color.org). */
export function styleFor(stream: { isTTY?: boolean }): (colour: Colour, text: string) => string {
  const plain = stream.isTTY !== true || (process.env.NO_COLOR ?? "") !== "";
  return (colour, text) => (plain ? text : styleText(colour, text));
}
