/** Grammar elements of a document as compiled grammars; fetches what they refer to (VoiceXML 2.0 3.1.1). */
import { decodeText } from "../document/decode-text.ts";
import { DocumentError } from "../document/document-error.ts";
import { parseXml } from "../document/parse-xml.ts";
import { fragmentOf, withoutFragment } from "../document/uri.ts";
import {
  attribute,
  childElements,
  normalizeSpace,
  textContent,
  type XmlElement,
} from "../document/xml-node.ts";
import {
  compileBuiltin,
  compileGrammar,
  GRAMMAR_BYTES_MAX,
  missingReferences,
} from "../grammar/compile-grammar.ts";
import type { Grammar, GrammarMode } from "../grammar/grammar.ts";
import { compileOptions, type Option } from "../grammar/option-list.ts";
import type { RuleSet } from "../grammar/rule-set.ts";
import { isAbnf, readSrgsAbnf } from "../grammar/srgs-abnf.ts";
import { readSrgsXml } from "../grammar/srgs-xml.ts";
import type { Context, Form, Item } from "./context.ts";
import { DialogEvent, semantic } from "./dialog-event.ts";
import { fetchOrThrow, fetchTerms, requireUri } from "./fetching.ts";
import type { Step } from "./session.ts";

type Place = { readonly context: Context; readonly form: Form; readonly item: Item };

/** Inline grammars never change, so sessions that share a document share them. */
const inlineGrammars = new WeakMap<XmlElement, Grammar>();
/** Nor do those that are written for options, choices and links, by the element that asks for them. */
const writtenGrammars = new WeakMap<XmlElement, readonly Grammar[]>();
/** Built-in types by address; compiling one costs milliseconds, which the caller would wait for at every visit. */
const builtinGrammars = new Map<string, Grammar>();
const BUILTINS_MAX = 256;

const NO_ID = "";
const XML_TYPE = "application/srgs+xml";

/** Throws GrammarError or a DialogEvent; `srcexpr` is evaluated at every activation (2.1 test 5). */
export function* compileElement(place: Place, node: XmlElement): Step<Grammar> {
  const srcexpr = attribute(node, "srcexpr");
  const { realm } = place.context.session;
  const src =
    srcexpr === null ? attribute(node, "src") : realm.textUnlessUndefined(place.form.scope, srcexpr);
  if (srcexpr !== null && src === null) throw semantic(`<grammar srcexpr="${srcexpr}"> is undefined`);
  if (src !== null) return yield* external(place, node, src);
  const known = inlineGrammars.get(node);
  if (known !== undefined) return known;
  const rules = readInline(node);
  const grammar = yield* compileRules(place, node, rules, null);
  inlineGrammars.set(node, grammar);
  return grammar;
}

function readInline(node: XmlElement): RuleSet {
  const mode = modeOf(node);
  requireKnownType(node);
  if (childElements(node).length > 0) return readSrgsXml(node, null, mode);
  return readSrgsAbnf(textContent(node), node.baseUri, null, mode);
}

/** 3.1.1.4: a type that nobody here reads is an error of its own, apart from bad syntax. */
function requireKnownType(node: XmlElement): void {
  const type = attribute(node, "type")?.split(";")[0]?.trim().toLowerCase();
  if (type === undefined || type === "" || KNOWN_TYPES.has(type)) return;
  throw new DialogEvent("error.unsupported.format", `grammars of type "${type}" can't be read here`);
}

const KNOWN_TYPES: ReadonlySet<string> = new Set([
  XML_TYPE,
  "application/srgs",
  "application/grammar+xml",
  "application/grammar",
  "application/xml",
  "text/xml",
]);

function* external(place: Place, node: XmlElement, src: string): Step<Grammar> {
  if (src.startsWith("builtin:")) return builtin(src);
  requireKnownType(node);
  const url = requireUri(src, node);
  const rules = yield* fetchRules(place, node, withoutFragment(url), modeOf(node));
  return yield* compileRules(place, node, rules, fragmentOf(url));
}

function modeOf(node: XmlElement): GrammarMode {
  return attribute(node, "mode") === "dtmf" ? "dtmf" : "voice";
}

function* fetchRules(place: Place, node: XmlElement, url: string, mode: GrammarMode): Step<RuleSet> {
  const { session } = place.context;
  const answer = yield* fetchOrThrow(session, {
    kind: "grammar",
    url,
    ...fetchTerms(place, node, "grammar"),
  });
  if (answer.bytes.byteLength > GRAMMAR_BYTES_MAX) {
    throw new DialogEvent("error.grammar", `${url}: more than ${GRAMMAR_BYTES_MAX} bytes`);
  }
  return readFetched(answer.bytes, answer.charset, url, mode);
}

function readFetched(bytes: Uint8Array, charset: string | null, url: string, mode: GrammarMode): RuleSet {
  try {
    const text = decodeText(bytes, charset, url);
    // Types are often missing or wrong: the first character tells the notations apart.
    return isAbnf(text) ? readSrgsAbnf(text, url, url, mode) : readSrgsXml(parseXml(text, url), url, mode);
  } catch (error) {
    if (error instanceof DocumentError) throw new DialogEvent("error.grammar", error.message);
    throw error;
  }
}

function* compileRules(place: Place, node: XmlElement, rules: RuleSet, rule: string | null): Step<Grammar> {
  const loaded = new Map<string, RuleSet>();
  for (;;) {
    const missing = missingReferences(rules, loaded);
    if (missing.length === 0) break;
    for (const uri of missing) loaded.set(uri, yield* fetchRules(place, node, uri, rules.mode));
  }
  return compileGrammar(rules, { id: NO_ID, rule, loaded });
}

/** A field's `type`: both modes of a builtin, or of any other grammar address (2.3.1). */
export function compileBuiltinType(type: string): readonly Grammar[] {
  const name = type.trim().replace(/^builtin:(?:grammar\/|dtmf\/)?/, "");
  return [builtin(`builtin:dtmf/${name}`), builtin(`builtin:grammar/${name}`)];
}

function builtin(uri: string): Grammar {
  const found = builtinGrammars.get(uri);
  if (found !== undefined) return found;
  const made = compileBuiltin(uri, NO_ID);
  const [oldest] = builtinGrammars.keys();
  if (builtinGrammars.size >= BUILTINS_MAX && oldest !== undefined) builtinGrammars.delete(oldest);
  builtinGrammars.set(uri, made);
  return made;
}

/** What `compile` makes for `owner`, made once. */
export function writtenFor(owner: XmlElement, compile: () => readonly Grammar[]): readonly Grammar[] {
  const found = writtenGrammars.get(owner) ?? compile();
  writtenGrammars.set(owner, found);
  return found;
}

/** 2.3.1.3: the value is the given one, else the keys, else the text. */
export function compileOptionGrammars(nodes: readonly XmlElement[]): readonly Grammar[] {
  const options = nodes.map((node): Option => {
    const text = normalizeSpace(textContent(node));
    const dtmf = attribute(node, "dtmf");
    return {
      dtmf,
      phrase: text,
      value: attribute(node, "value") ?? dtmf ?? text,
      accept: attribute(node, "accept") === "approximate" ? "approximate" : "exact",
    };
  });
  return bothModes(options);
}

/** Of one choice or link: what is said, what is keyed; an empty one of them is not heard. */
export function compileChoiceGrammars(
  text: string,
  dtmf: string,
  accept: "exact" | "approximate",
): readonly Grammar[] {
  return bothModes([{ dtmf, phrase: text, value: text === "" ? dtmf : text, accept }]);
}

function bothModes(options: readonly Option[]): readonly Grammar[] {
  return (["dtmf", "voice"] as const).flatMap((mode) => compileOptions(options, mode, NO_ID) ?? []);
}
