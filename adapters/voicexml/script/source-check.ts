/**
 * Reads every piece of script before the engine sees it. The engine gets sources wrapped in a function; only what is
 * one whole expression, or one whole script, by a real parser's judgement may go inside the wrapper.
 */
import { type Expression, type Options, type Program, parse, parseExpressionAt, type Token } from "acorn";
import { ScriptError } from "./script-error.ts";

const EXPRESSION_CHARS_MAX = 4_096;
const SCRIPT_CHARS_MAX = 65_536;
/** The making of a long pattern can't be interrupted. */
const PATTERN_CHARS_MAX = 4_096;
const NAME_CHARS_MAX = 128;

// Of the language as of 2019: without BigInt literals, whose arithmetic can't be interrupted, and without import().
function options(): Options {
  return {
    ecmaVersion: 2019,
    preserveParens: true,
    onComment: refuseHtmlComment,
    onToken: refuseLongPattern,
  };
}

/** The expression's tree; ScriptError unless `source` is one expression and nothing else. */
export function parseExpression(source: string): Expression {
  if (source.length > EXPRESSION_CHARS_MAX)
    throw tooLong("an expression", source.length, EXPRESSION_CHARS_MAX);
  const tree = guarded(() => parseExpressionAt(source, 0, options()));
  // acorn stops after the first expression: what follows must be white space or a comment.
  if (!onlySpace(source.slice(tree.end))) {
    throw new ScriptError(`script: more than one expression: text goes on at character ${tree.end + 1}`);
  }
  return tree;
}

export function parseScript(source: string): Program {
  if (source.length > SCRIPT_CHARS_MAX) throw tooLong("a script", source.length, SCRIPT_CHARS_MAX);
  return guarded(() => parse(source, { ...options(), sourceType: "script" }));
}

/** Where `<assign>` may write: a variable or a property. */
export function requireTarget(source: string): void {
  const tree = parseExpression(source);
  if (tree.type !== "Identifier" && tree.type !== "MemberExpression") {
    throw new ScriptError("script: can only assign to a variable or to a property of one");
  }
}

/** A name for `<var>`: one identifier, no scope prefix (VoiceXML 2.0 section 5.3.1). */
export function requireName(name: string): void {
  if (name.length > NAME_CHARS_MAX) throw tooLong("a variable name", name.length, NAME_CHARS_MAX);
  const tree = parseExpression(name);
  if (tree.type !== "Identifier" || tree.name !== name) {
    throw new ScriptError("script: a variable's name must be one ECMAScript identifier");
  }
}

const PATH = /^[\p{L}_$][\p{L}\p{N}_$]*(?:\.[\p{L}\p{N}_$]+)*$/u;

/** A name with properties below it, set by the platform: `field$.confidence`. */
export function requirePath(path: string): void {
  if (path.length > NAME_CHARS_MAX || !PATH.test(path) || path.split(".").includes("__proto__")) {
    throw new ScriptError("script: not a variable name, or not one that can be set");
  }
}

// acorn takes <!-- and --> for comments, as browsers do; an engine that did not would read other code than acorn did.
// Only those have more than two characters around their text.
function refuseHtmlComment(block: boolean, text: string, start: number, end: number): void {
  if (!block && end - start - text.length !== 2)
    throw new ScriptError("script: an HTML comment is no script");
}

function refuseLongPattern(token: Token): void {
  if (token.type.label === "regexp" && token.end - token.start > PATTERN_CHARS_MAX) {
    throw tooLong("a regular expression", token.end - token.start, PATTERN_CHARS_MAX);
  }
}

function guarded<Tree>(read: () => Tree): Tree {
  try {
    return read();
  } catch (error) {
    if (error instanceof ScriptError) throw error;
    // acorn's message quotes at most the unexpected token's kind and place.
    throw new ScriptError(`script: ${error instanceof SyntaxError ? error.message : "nested too deeply"}`);
  }
}

function onlySpace(rest: string): boolean {
  return /^(?:\s|\/\/[^\n\r\u2028\u2029]*(?:[\n\r\u2028\u2029]|$)|\/\*[^*]*\*+(?:[^/*][^*]*\*+)*\/)*$/.test(
    rest,
  );
}

function tooLong(what: string, length: number, max: number): ScriptError {
  return new ScriptError(`script: ${what} of ${length} characters; the most is ${max}`);
}
