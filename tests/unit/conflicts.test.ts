import { describe, expect, test } from "vitest";
import { splitConflicts } from "../../src/source/conflicts.ts";

const lines = (...all: readonly string[]) => all.map((line) => `${line}\n`).join("");

describe("splitConflicts", () => {
  test("gives each side its own part, and both sides the rest", () => {
    const text = lines("a", "<<<<<<< HEAD", "b", "=======", "c", ">>>>>>> other", "d");
    expect(splitConflicts(text)).toEqual({ ours: "a\nb\nd\n", theirs: "a\nc\nd\n" });
  });

  test("leaves out the common ancestor's part", () => {
    const text = lines(
      "<<<<<<< HEAD",
      "b",
      "||||||| 1234abc",
      "x",
      "=======",
      "c",
      ">>>>>>> other",
    );
    expect(splitConflicts(text)).toEqual({ ours: "b\n", theirs: "c\n" });
  });

  test("accepts several conflicts, empty sides and markers without labels", () => {
    const text = lines(
      "<<<<<<<",
      "=======",
      "c",
      ">>>>>>>",
      "m",
      "<<<<<<< x",
      "b",
      "=======",
      ">>>>>>> y",
    );
    expect(splitConflicts(text)).toEqual({ ours: "m\nb\n", theirs: "c\nm\n" });
  });

  test("keeps line breaks, and a missing one at the end", () => {
    const text = "a\r\n<<<<<<< HEAD\r\nb\r\n=======\r\nc\r\n>>>>>>> other\r\nd\u2028<<<<<<< x";
    expect(splitConflicts(text)).toEqual({
      ours: "a\r\nb\r\nd\u2028<<<<<<< x",
      theirs: "a\r\nc\r\nd\u2028<<<<<<< x",
    });
    const bare = "<<<<<<<\r\nb\r\n|||||||\r\n=======\r\nc\r\n>>>>>>>";
    expect(splitConflicts(bare)).toEqual({ ours: "b\r\n", theirs: "c\r\n" });
  });

  test("recognizes a marker by its place, its length and what follows", () => {
    const text = [" <<<<<<< a", "<<<<<<<< a", "<<<<<< a", "<<<<<<<a", "========", "=======a"];
    expect(splitConflicts(lines(...text))).toBeUndefined();
    const inside = lines("<<<<<<< a", ...text, "=======", "c", ">>>>>>> b");
    expect(splitConflicts(inside)).toEqual({ ours: lines(...text), theirs: "c\n" });
  });

  test("treats the longer markers of a merged ancestor as text", () => {
    const ancestor = ["<<<<<<<<< one", "x", "=========", "y", ">>>>>>>>> two"];
    const text = lines(
      "<<<<<<< a",
      "b",
      "||||||| merged",
      ...ancestor,
      "=======",
      "c",
      ">>>>>>> b",
    );
    expect(splitConflicts(text)).toEqual({ ours: "b\n", theirs: "c\n" });
  });

  test.each([
    ["no markers", ["a", "b"]],
    ["nothing", []],
    ["a conflict that does not end", ["<<<<<<< a", "b", "=======", "c"]],
    ["one that ends before its second side", ["<<<<<<< a", "b", ">>>>>>> b"]],
    ["one in another", ["<<<<<<< a", "<<<<<<< a", "=======", ">>>>>>> b", "=======", ">>>>>>> b"]],
    ["a third side", ["<<<<<<< a", "=======", "=======", ">>>>>>> b"]],
    ["an ancestor behind the second side", ["<<<<<<< a", "=======", "||||||| x", ">>>>>>> b"]],
    ["two ancestors", ["<<<<<<< a", "||||||| x", "||||||| x", "=======", ">>>>>>> b"]],
    ["a marker between conflicts", ["<<<<<<< a", "=======", ">>>>>>> b", "======="]],
    ["an end alone", [">>>>>>> b"]],
  ])("returns nothing for %s", (_, text) => {
    expect(splitConflicts(lines(...text))).toBeUndefined();
  });
});
