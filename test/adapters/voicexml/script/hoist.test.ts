import { afterEach, beforeEach, expect, test } from "vitest";
import { createRealm, type Realm, type Scope } from "../../../../adapters/voicexml/script/realm.ts";
import { ScriptError } from "../../../../adapters/voicexml/script/script-error.ts";
import { instant } from "../../../../domain/kernel/time.ts";

let realm: Realm;
let scope: Scope;
beforeEach(async () => {
  realm = await createRealm({ seed: 1, now: instant(0) });
  scope = realm.scope(null, "document");
});
afterEach(() => realm.dispose());

const after = (script: string, source: string): unknown => {
  realm.run(scope, script);
  return realm.evaluate(scope, source);
};

test("top-level variables of a script become variables of the scope (43, 390, 391)", () => {
  expect(after("var a = 1, b, c = a + 1;", "[a, typeof b, c, document.c]")).toEqual([1, "undefined", 2, 2]);
});

test("let, const and classes do so too", () => {
  expect(after("let a = 1; const b = 2; class C { n() { return 3; } }", "[a, b, new C().n()]")).toEqual([
    1, 2, 3,
  ]);
});

test("a function can be used before the line that declares it, and can be replaced", () => {
  expect(after("var x = twice(2); function twice(n) { return 2 * n; }", "x")).toBe(4);
  realm.assign(scope, "twice", "5");
  expect(realm.evaluate(scope, "twice")).toBe(5);
});

test("a function calls itself by its name", () => {
  expect(after("function fact(n) { return n < 2 ? 1 : n * fact(n - 1); }", "fact(5)")).toBe(120);
});

test("variables in blocks and loops are the script's, those in functions are not", () => {
  const script =
    "if (true) { var a = 1; } for (var i = 0; i < 3; i++) {} for (var k in { q: 1 }) {} for (var v of [7]) {}" +
    "try { var t = 1; } catch (e) {} switch (1) { case 1: var s = 2; } do { var d = 1; } while (false);" +
    "(function () { var hidden = 1; })();";
  expect(after(script, "[a, i, k, v, t, s, d, typeof hidden]")).toEqual([1, 3, "q", 7, 1, 2, 1, "undefined"]);
});

test("patterns are taken apart", () => {
  expect(
    after("var { a, b: [c], ...rest } = { a: 1, b: [2], d: 3 }\nvar [x = 4] = []", "[a, c, rest, x]"),
  ).toEqual([1, 2, { d: 3 }, 4]);
});

test("a declaration after a line without semicolon stays a statement of its own", () => {
  expect(
    after("var f = function () { return 0 }\nvar { a } = { a: 1 }\nvar b = 2", "[typeof f, a, b]"),
  ).toEqual(["function", 1, 2]);
});

test("a variable declared before keeps its value through var without value", () => {
  realm.declare(scope, "a", "1");
  expect(after("var a;", "a")).toBe(1);
});

test("assigning to a name that nobody declared is an error inside a script, too", () => {
  expect(() => realm.run(scope, "stray = 1;")).toThrow(ScriptError);
});

test("what is no script is error.semantic", () => {
  for (const source of ["}", "return 1", "var", "import x from 'y'", "await 1", "{", "1n"]) {
    expect(() => realm.run(scope, source)).toThrow(ScriptError);
  }
});
