/**
 * The ECMAScript of one VoiceXML session: its variables, its scopes, its engine.
 *
 * Everything that a document computes lives in a QuickJS instance of its own; the host only passes text in and
 * takes JSON text out, so no host object can ever be reached from a script. Methods throw `ScriptError` for what
 * the document did wrong and `RealmDead` once the engine itself can't be trusted.
 */
import { createHash } from "node:crypto";
import type { QuickJSHandle } from "quickjs-emscripten-core";
import type { Instant } from "../../../domain/kernel/time.ts";
import { hoist } from "./hoist.ts";
import { createKernel, type EvaluationWatch, type Kernel } from "./kernel.ts";
import { ScriptError } from "./script-error.ts";
import { parseExpression, parseScript, requireName, requirePath, requireTarget } from "./source-check.ts";

/** What leaves the realm: JSON, or undefined. Numbers at the top may be NaN or infinite. */
export type Value =
  | undefined
  | null
  | boolean
  | number
  | string
  | readonly Value[]
  | { readonly [key: string]: Value };

/** One scope instance (VoiceXML 2.0 section 5.1.2). Opaque: only its realm can use it. */
export type Scope = { readonly handle: QuickJSHandle };

/** A copy of an array made when `<foreach>` starts. */
type ForeachArray = {
  readonly length: number;
  /** Sets `name`, own to `scope`, to element `index` itself (not a copy). */
  bind(index: number, scope: Scope, name: string): void;
  release(): void;
};

export interface Realm {
  /** A new scope inside `parent`. A `name` (session, application, document, dialog) becomes a variable that refers to it. */
  scope(parent: Scope | null, name: string | null): Scope;
  /** The host lets go of a scope; functions that still use it keep it alive. */
  release(scope: Scope): void;
  /** What `Date` shows from now on; also begins a step, whose scripts together get `STEP_LIMIT_MS`. */
  setNow(now: Instant): void;
  /** `<var>`: declares `name` in this very scope; with a null source it stays as it was, or undefined (5.3.1). */
  declare(scope: Scope, name: string, source: string | null): void;
  evaluate(scope: Scope, source: string): Value;
  /** ECMAScript truth of an expression: `cond`. */
  truth(scope: Scope, source: string): boolean;
  /** ECMAScript `String(value)`. */
  text(scope: Scope, source: string): string;
  /** As `text`, but null where the value is undefined; evaluates once. For `<value>`. */
  textUnlessUndefined(scope: Scope, source: string): string | null;
  /** `<assign>`: a name that nobody declared is an error; a property of a declared object is not. */
  assign(scope: Scope, target: string, source: string): void;
  /** Sets a variable own to this scope, or a property below it ("name$.confidence"), making objects on the way. */
  setValue(scope: Scope, dottedName: string, value: Value): void;
  /** Looks through the chain; undefined where nothing is found. No script runs except getters. */
  getValue(scope: Scope, dottedName: string): Value;
  /** Declared somewhere in the chain and not undefined. */
  isDefined(scope: Scope, dottedName: string): boolean;
  /** Declared somewhere in the chain, whatever its value. */
  isDeclared(scope: Scope, name: string): boolean;
  /** Sets a declared variable to undefined where it is declared: `<clear>`. */
  clear(scope: Scope, name: string): void;
  /** `<script>`: its top-level names become variables of `scope`. */
  run(scope: Scope, source: string): void;
  /** Freezes the variables of a scope and all below them: session data. */
  freeze(scope: Scope): void;
  /** Copies the array that `source` evaluates to; ScriptError for anything else. */
  array(scope: Scope, source: string): ForeachArray;
  /** A digest of all variables from `scope` outwards, equal for equal histories: proves a replay. */
  fingerprint(scope: Scope): string;
  /** Once; a dead realm is simply dropped. */
  dispose(): void;
}

/** What a session may be given at once: the largest answer of `<data>`. */
const IMPORT_CHARS_MAX = 262_144;

/** `seed` fixes Math.random and `now` what Date shows: the same inputs give the same values at every replay. */
export async function createRealm(
  options: { readonly seed: number; readonly now: Instant } & Partial<EvaluationWatch>,
): Promise<Realm> {
  const { onEvaluation = () => undefined, refuse = 0 } = options;
  const kernel = await createKernel(options.seed, options.now, { onEvaluation, refuse });
  return {
    scope: (parent, name) => ({ handle: kernel.keep("scope", [parent?.handle ?? null, name]) }),
    release: ({ handle }) => kernel.drop(handle),
    setNow: (now) => kernel.setNow(now),
    declare(scope, name, source) {
      requireName(name);
      const value = source === null ? undefined : expression(kernel, source);
      kernel.perform("declare", [scope.handle, name, value]);
    },
    evaluate: (scope, source) => decode(kernel.read("evaluate", [scope.handle, expression(kernel, source)])),
    truth: (scope, source) => kernel.read("truth", [scope.handle, expression(kernel, source)]) !== "",
    text: (scope, source) => text(kernel, scope, source) ?? "undefined",
    textUnlessUndefined: (scope, source) => text(kernel, scope, source),
    assign(scope, target, source) {
      kernel.perform("perform", [scope.handle, assignment(kernel, target, source)]);
    },
    setValue(scope, dottedName, value) {
      requirePath(dottedName);
      kernel.keep("setValue", [scope.handle, dottedName, encode(value)]).dispose();
    },
    getValue(scope, dottedName) {
      requirePath(dottedName);
      return decode(kernel.look("getValue", [scope.handle, dottedName]));
    },
    isDefined(scope, dottedName) {
      requirePath(dottedName);
      return kernel.look("isDefined", [scope.handle, dottedName]) !== "";
    },
    isDeclared: (scope, name) => kernel.look("isDeclared", [scope.handle, name]) !== "",
    clear(scope, name) {
      requirePath(name);
      kernel.keep("clear", [scope.handle, name]).dispose();
    },
    run: (scope, source) => run(kernel, scope, source),
    freeze: (scope) => kernel.keep("freeze", [scope.handle]).dispose(),
    array: (scope, source) =>
      foreachArray(kernel, kernel.call("list", [scope.handle, expression(kernel, source)])),
    fingerprint: (scope) =>
      createHash("sha256")
        .update(kernel.look("outline", [scope.handle]))
        .digest("hex"),
    dispose: () => kernel.dispose(),
  };
}

function expression(kernel: Kernel, source: string): QuickJSHandle {
  return kernel.compiled(source, () => {
    parseExpression(source);
    return `return (${source}\n);`;
  });
}

function assignment(kernel: Kernel, target: string, source: string): QuickJSHandle {
  // No expression begins with "=": the key can't be that of one.
  return kernel.compiled(`= ${target}\n${source}`, () => {
    requireTarget(target);
    parseExpression(source);
    return `${target}\n= (${source}\n);`;
  });
}

function text(kernel: Kernel, scope: Scope, source: string): string | null {
  const coded = kernel.read("text", [scope.handle, expression(kernel, source)]);
  return coded === "u" ? null : coded.slice(1);
}

function run(kernel: Kernel, scope: Scope, source: string): void {
  const { names, body } = hoist(source, parseScript(source));
  for (const name of names) kernel.keep("hoist", [scope.handle, name]).dispose();
  const factory = kernel.compile(body);
  try {
    kernel.perform("perform", [scope.handle, factory]);
  } finally {
    kernel.drop(factory);
  }
}

function foreachArray(kernel: Kernel, handle: QuickJSHandle): ForeachArray {
  return {
    length: Number(kernel.look("lengthOf", [handle])),
    bind(index, scope, name) {
      requireName(name);
      kernel.keep("bind", [handle, index, scope.handle, name]).dispose();
    },
    release: () => kernel.drop(handle),
  };
}

/** The reverse of the kernel's coding: a letter, then JSON or a number that JSON lacks. */
function decode(coded: string): Value {
  if (coded === "u") return undefined;
  if (coded.startsWith("d")) return Number(coded.slice(1));
  const value: Value = JSON.parse(coded.slice(1));
  return value;
}

function encode(value: Value): string {
  if (value === undefined) return "u";
  if (typeof value === "number" && !Number.isFinite(value)) return `d${value}`;
  const json = JSON.stringify(value);
  if (json.length > IMPORT_CHARS_MAX) {
    throw new ScriptError(`script: ${json.length} characters of data; the most is ${IMPORT_CHARS_MAX}`);
  }
  return `j${json}`;
}
