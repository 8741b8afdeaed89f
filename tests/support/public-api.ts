import { join } from "node:path";
import ts from "typescript";
import { repository } from "./repository.ts";

const dist = join(repository, "dist/");

/**
 * The exports of a module of the package, as text: the declaration of each export, then those of the package's own
 * types that they refer to, without comments.
 *
 * @param entry the module's declaration file in dist/, for example `index.d.ts`
 */
export function publicApiOf(entry: string): string {
  const file = join(dist, entry);
  const program = ts.createProgram([file], { module: ts.ModuleKind.NodeNext, types: [] });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  const module = source === undefined ? undefined : checker.getSymbolAtLocation(source);
  if (module === undefined) throw new Error(`${file} is not a module. Run: npm run build`);
  const exported = checker.getExportsOfModule(module).map((symbol) => resolved(checker, symbol));
  const reached = new Set(exported);
  for (const symbol of reached)
    for (const declaration of ownDeclarations(symbol))
      for (const used of symbolsIn(checker, declaration)) reached.add(used);
  const rest = [...reached].filter((symbol) => !exported.includes(symbol));
  return `// exports of ${entry}\n\n${textOf(exported)}\n\n// types that they refer to\n\n${textOf(rest)}\n`;
}

function resolved(checker: ts.TypeChecker, symbol: ts.Symbol): ts.Symbol {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

/** The top-level declarations of a symbol, if this package declares it. */
function ownDeclarations(symbol: ts.Symbol): ts.Node[] {
  return (symbol.declarations ?? [])
    .filter((declaration) => declaration.getSourceFile().fileName.startsWith(dist))
    .map((declaration) =>
      ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration,
    )
    .filter((declaration) => ts.isSourceFile(declaration.parent));
}

function symbolsIn(checker: ts.TypeChecker, node: ts.Node): ts.Symbol[] {
  const found: ts.Symbol[] = [];
  const visit = (child: ts.Node): void => {
    const symbol = ts.isIdentifier(child) ? checker.getSymbolAtLocation(child) : undefined;
    if (symbol !== undefined) {
      const target = resolved(checker, symbol);
      if (ownDeclarations(target).length > 0) found.push(target);
    }
    ts.forEachChild(child, visit);
  };
  visit(node);
  return found;
}

function textOf(symbols: readonly ts.Symbol[]): string {
  const printer = ts.createPrinter({ removeComments: true });
  const texts = symbols.flatMap((symbol) =>
    ownDeclarations(symbol).map((node) => ({
      name: symbol.name,
      text: printer.printNode(ts.EmitHint.Unspecified, node, node.getSourceFile()),
    })),
  );
  return [...new Map(texts.map((one) => [one.text, one])).values()]
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .map(({ text }) => text)
    .join("\n\n");
}
