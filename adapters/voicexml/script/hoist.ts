/**
 * Makes a `<script>`'s top-level names variables of a scope object (VoiceXML 2.0 section 5.3.12). The script is to run
 * inside a strict function inside `with (scope)`, where `var` would stay local: so every top-level `var`, `let`,
 * `const`, `class` and function becomes an assignment, and its name is declared on the scope beforehand.
 */
import type {
  AnyNode,
  ClassDeclaration,
  ForInStatement,
  ForOfStatement,
  ForStatement,
  FunctionDeclaration,
  Pattern,
  Program,
  VariableDeclaration,
} from "acorn";

export type HoistedScript = { readonly names: readonly string[]; readonly body: string };

type Edit = { readonly start: number; readonly end: number; readonly text: string };
type Found = {
  readonly source: string;
  readonly names: Set<string>;
  readonly front: string[];
  readonly edits: Edit[];
};

export function hoist(source: string, program: Program): HoistedScript {
  const found: Found = { source, names: new Set(), front: [], edits: [] };
  for (const statement of program.body) {
    if (statement.type === "FunctionDeclaration" || statement.type === "ClassDeclaration")
      moveNamed(found, statement);
    else if (statement.type === "VariableDeclaration") assignInstead(found, statement);
    else findVars(found, statement);
  }
  return { names: [...found.names], body: `${found.front.join("\n")}\n${applyEdits(source, found.edits)}` };
}

type Named = FunctionDeclaration | ClassDeclaration;

// A function moves to the front, without its name: a named function expression would bind that name immutably.
function moveNamed(found: Found, node: Named): void {
  const { source } = found;
  const { name } = node.id;
  const head = source.slice(node.start, node.id.start);
  const assignment = `${name} = ${head}${source.slice(node.id.end, node.end)};`;
  found.names.add(name);
  if (node.type === "FunctionDeclaration") found.front.push(assignment);
  found.edits.push({
    start: node.start,
    end: node.end,
    text: node.type === "FunctionDeclaration" ? ";" : assignment,
  });
}

/** `var a = 1, b, {c} = d;` becomes `a = 1, ({c} = d);` and declares a, b and c. */
function assignInstead(found: Found, node: VariableDeclaration): void {
  // `void` keeps a pattern's parenthesis from being read as a call of what stands before it.
  const text = assignments(found, node);
  found.edits.push({
    start: node.start,
    end: node.end,
    text: text.startsWith("(") ? `void ${text};` : `${text};`,
  });
}

function assignments(found: Found, node: VariableDeclaration): string {
  const parts: string[] = [];
  for (const { id, init, start, end } of node.declarations) {
    collectNames(id, found.names);
    const text = found.source.slice(start, end);
    if (init !== null && init !== undefined) parts.push(id.type === "Identifier" ? text : `(${text})`);
    // `let a;` in executed code makes it undefined; `var a;` leaves what is there.
    else if (node.kind !== "var" && id.type === "Identifier") parts.push(`${id.name} = undefined`);
  }
  return parts.join(", ");
}

/** Finds `var` inside blocks and loops, not inside functions. */
function findVars(found: Found, node: AnyNode): void {
  if (node.type === "VariableDeclaration") {
    if (node.kind === "var") assignInstead(found, node);
  } else if (node.type === "ForStatement") loopHead(found, node, node.init ?? null);
  else if (node.type === "ForInStatement" || node.type === "ForOfStatement") loopHead(found, node, node.left);
  else for (const child of statementsIn(node)) findVars(found, child);
}

function loopHead(
  found: Found,
  node: ForStatement | ForInStatement | ForOfStatement,
  head: AnyNode | null,
): void {
  if (head?.type === "VariableDeclaration" && head.kind === "var") {
    const text = node.type === "ForStatement" ? assignments(found, head) : loopTarget(found, head);
    found.edits.push({ start: head.start, end: head.end, text });
  }
  findVars(found, node.body);
}

function loopTarget(found: Found, head: VariableDeclaration): string {
  const [first] = head.declarations;
  if (first === undefined) return "";
  collectNames(first.id, found.names);
  return found.source.slice(first.id.start, first.id.end);
}

/** The statements directly inside one; none for expressions, functions and classes. */
function statementsIn(node: AnyNode): readonly AnyNode[] {
  if (node.type === "BlockStatement") return node.body;
  if (node.type === "IfStatement") return present([node.consequent, node.alternate]);
  if (node.type === "TryStatement") return present([node.block, node.handler?.body, node.finalizer]);
  if (node.type === "SwitchStatement") return node.cases.flatMap((branch) => branch.consequent);
  const isWrapper =
    node.type === "WhileStatement" ||
    node.type === "DoWhileStatement" ||
    node.type === "LabeledStatement" ||
    node.type === "WithStatement";
  return isWrapper ? [node.body] : [];
}

function present(nodes: readonly (AnyNode | null | undefined)[]): readonly AnyNode[] {
  return nodes.filter((node) => node !== null && node !== undefined);
}

function collectNames(pattern: Pattern, into: Set<string>): void {
  switch (pattern.type) {
    case "Identifier":
      into.add(pattern.name);
      return;
    case "ObjectPattern":
      for (const property of pattern.properties) {
        collectNames(property.type === "Property" ? property.value : property.argument, into);
      }
      return;
    case "ArrayPattern":
      for (const element of pattern.elements) if (element !== null) collectNames(element, into);
      return;
    case "AssignmentPattern":
      collectNames(pattern.left, into);
      return;
    case "RestElement":
      collectNames(pattern.argument, into);
      return;
    case "MemberExpression":
      return;
  }
}

function applyEdits(source: string, edits: readonly Edit[]): string {
  let text = "";
  let at = 0;
  for (const edit of edits.toSorted((a, b) => a.start - b.start)) {
    text += source.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return text + source.slice(at);
}
