import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createRealm, type Realm, type Scope } from "../../../../adapters/voicexml/script/realm.ts";
import { ScriptError } from "../../../../adapters/voicexml/script/script-error.ts";
import { instant, parseInstant } from "../../../../domain/kernel/time.ts";

const NOON = parseInstant("2026-01-05T12:00:00Z") ?? instant(0);

let realm: Realm;
let session: Scope;
let application: Scope;
let document: Scope;
let dialog: Scope;

beforeEach(async () => {
  realm = await createRealm({ seed: 7, now: NOON });
  session = realm.scope(null, "session");
  realm.setValue(session, "connection.protocol.name", "sip");
  realm.freeze(session);
  application = realm.scope(session, "application");
  document = realm.scope(application, "document");
  dialog = realm.scope(document, "dialog");
});
afterEach(() => realm.dispose());

const semantic = (run: () => unknown): void => expect(run).toThrow(ScriptError);

describe("variables", () => {
  test("a variable without expr is undefined, and declared again it is set again (513)", () => {
    realm.declare(document, "x", null);
    expect(realm.isDeclared(document, "x")).toBe(true);
    expect(realm.isDefined(document, "x")).toBe(false);
    realm.declare(document, "x", "1");
    realm.declare(document, "x", "x + 1");
    expect(realm.evaluate(dialog, "x")).toBe(2);
  });

  test("assigning to a name that nobody declared is error.semantic (515)", () => {
    semantic(() => realm.assign(document, "nobody", "1"));
    expect(new ScriptError("").event).toBe("error.semantic");
  });

  test("a property of a declared object may be assigned (1179)", () => {
    realm.declare(document, "o", "{}");
    realm.assign(dialog, "o.part", "'here'");
    expect(realm.evaluate(document, "o.part")).toBe("here");
  });

  test("a variable's name is one identifier, without scope prefix", () => {
    for (const name of ["dialog.x", "1x", "a b", "", "var", "x=1"]) {
      semantic(() => realm.declare(dialog, name, null));
    }
  });

  test("an inner variable shadows the outer one of that name, which keeps its value", () => {
    realm.declare(document, "x", "'outer'");
    realm.declare(dialog, "x", "'inner'");
    expect(realm.evaluate(dialog, "[x, document.x, dialog.x]")).toEqual(["inner", "outer", "inner"]);
  });

  test("reading an undeclared name is error.semantic, asking for its type is not (397–400, 405)", () => {
    semantic(() => realm.evaluate(dialog, "nobody"));
    expect(realm.evaluate(dialog, "typeof nobody")).toBe("undefined");
    expect(realm.evaluate(dialog, "typeof document.nobody")).toBe("undefined");
  });

  test("setting application.f declares f", () => {
    realm.assign(dialog, "application.f", "3");
    expect(realm.evaluate(dialog, "f")).toBe(3);
  });

  test("clear makes a variable undefined where it is declared", () => {
    realm.declare(document, "x", "1");
    realm.clear(dialog, "x");
    expect(realm.isDeclared(document, "x")).toBe(true);
    expect(realm.isDefined(document, "x")).toBe(false);
    semantic(() => realm.clear(dialog, "nobody"));
  });

  test("the platform sets values with properties below them", () => {
    realm.setValue(dialog, "field", "42");
    realm.setValue(dialog, "field$.confidence", 0.5);
    realm.setValue(dialog, "field$.utterance", "forty two");
    expect(realm.getValue(dialog, "field$")).toEqual({ confidence: 0.5, utterance: "forty two" });
    expect(realm.evaluate(dialog, "field$.confidence + 1")).toBe(1.5);
    semantic(() => realm.setValue(dialog, "field.__proto__.x", 1));
  });

  test("a value that the platform sets is never read as script", () => {
    realm.setValue(dialog, "x", "');while(true){}//");
    expect(realm.evaluate(dialog, "x.length")).toBe(18);
  });
});

describe("scopes", () => {
  test("session data can't be changed, at any depth (398)", () => {
    expect(realm.evaluate(dialog, "session.connection.protocol.name")).toBe("sip");
    semantic(() => realm.assign(dialog, "session.connection.protocol.name", "'x'"));
    semantic(() => realm.assign(dialog, "session.more", "1"));
    semantic(() => realm.assign(dialog, "session.connection", "1"));
    expect(realm.evaluate(dialog, "session.connection.protocol.name")).toBe("sip");
  });

  test("a scope's name is no reserved word: a variable may be called session (406)", () => {
    realm.declare(document, "session", "'mine'");
    expect(realm.evaluate(dialog, "session")).toBe("mine");
    expect(realm.evaluate(application, "session.connection.protocol.name")).toBe("sip");
  });

  test("the anonymous scope has no name, and hides what is outside it only by name", () => {
    const block = realm.scope(dialog, null);
    realm.declare(block, "x", "'block'");
    realm.declare(document, "x", "'document'");
    expect(realm.evaluate(block, "x + document.x")).toBe("blockdocument");
    expect(realm.evaluate(dialog, "x")).toBe("document");
  });

  test("a function of a block, kept in the application, still finds the block's variables (404)", () => {
    const block = realm.scope(dialog, null);
    realm.run(block, "var secret = 'kept'; function reveal() { return secret; }");
    realm.assign(block, "application.reveal", "reveal");
    realm.release(block);
    const other = realm.scope(dialog, null);
    realm.declare(other, "secret", "'other'");
    expect(realm.evaluate(other, "application.reveal()")).toBe("kept");
  });

  test("a function of the document does not see a block's variable", () => {
    realm.run(document, "function peek() { return typeof hidden; }");
    const block = realm.scope(dialog, null);
    realm.declare(block, "hidden", "1");
    expect(realm.evaluate(block, "peek()")).toBe("undefined");
  });

  test("a new dialog scope starts empty while the document's variables stay (24–26, 533)", () => {
    realm.declare(document, "kept", "1");
    realm.declare(dialog, "gone", "1");
    const next = realm.scope(document, "dialog");
    expect(realm.evaluate(next, "kept + typeof gone")).toBe("1undefined");
  });

  test("many short-lived scopes do not fill the heap", () => {
    for (let turn = 0; turn < 20_000; turn += 1) {
      if (turn % 500 === 0) realm.setNow(instant(turn));
      const block = realm.scope(dialog, null);
      realm.setValue(block, "x", "some text for the heap");
      realm.release(block);
    }
    realm.setNow(NOON);
    expect(realm.evaluate(dialog, "1 + 1")).toBe(2);
  });
});

describe("values that leave", () => {
  test("only plain data leaves: functions, symbols and cycles are error.semantic", () => {
    realm.run(document, "var f = function () {}; var loop = {}; loop.loop = loop;");
    for (const source of ["f", "[f]", "({ deep: { f: f } })", "loop", "document", "Symbol()"]) {
      semantic(() => realm.evaluate(document, source));
    }
  });

  test("more than 64 KB does not leave", () => {
    semantic(() => realm.evaluate(document, "'x'.repeat(65535) + 'yyy'"));
    semantic(() => realm.text(document, "'x'.repeat(65535) + 'yyy'"));
  });

  test("numbers that JSON lacks leave as they are", () => {
    expect(realm.evaluate(document, "0 / 0")).toBeNaN();
    expect(realm.evaluate(document, "-1 / 0")).toBe(Number.NEGATIVE_INFINITY);
  });

  test("text is what ECMAScript makes of a value", () => {
    expect(realm.text(document, "1 / 3")).toBe("0.3333333333333333");
    expect(realm.text(document, "[1, [2, 3]]")).toBe("1,2,3");
    expect(realm.text(document, "undefined")).toBe("undefined");
    expect(realm.textUnlessUndefined(document, "undefined")).toBeNull();
    expect(realm.text(document, "({})")).toBe("[object Object]");
  });

  test("a condition has ECMAScript truth", () => {
    expect(["1", "'0'", "[]", "({})"].map((source) => realm.truth(document, source))).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect(
      ["0", "''", "null", "undefined", "0/0"].map((source) => realm.truth(document, source)),
    ).not.toContain(true);
  });

  test("an expression with a side effect has it once (373, 374)", () => {
    realm.declare(document, "x", "0");
    expect(realm.text(document, "x = x + 1")).toBe("1");
    expect(realm.evaluate(document, "x")).toBe(1);
  });
});

describe("arrays for foreach", () => {
  test("elements are bound as they are, from a copy", () => {
    realm.run(document, "var list = [{ n: 1 }, { n: 2 }];");
    const array = realm.array(document, "list");
    realm.run(document, "list.length = 0;");
    const block = realm.scope(dialog, null);
    array.bind(1, block, "each");
    expect([array.length, realm.evaluate(block, "each.n")]).toEqual([2, 2]);
    array.release();
  });

  test("what is no array, or too long a one, is error.semantic", () => {
    for (const source of ["'text'", "({ length: 2 })", "undefined", "new Array(10001)"]) {
      semantic(() => realm.array(document, source));
    }
  });
});

describe("time and chance", () => {
  test("two realms with one seed and one clock agree, and show UTC only", async () => {
    const twin = await createRealm({ seed: 7, now: NOON });
    const scope = twin.scope(null, null);
    const source =
      "[Math.random(), Math.random(), Date.now(), new Date().toString(), Date(), new Date(2026, 0, 5).getTime(), Date.parse('2026-01-05T00:00:00')]";
    expect(twin.evaluate(scope, source)).toEqual(realm.evaluate(document, source));
    expect(realm.evaluate(document, "String(new Date())")).toBe("Mon Jan 05 2026 12:00:00 GMT+0000");
    expect(realm.evaluate(document, "new Date(2026, 0, 5).toISOString()")).toBe("2026-01-05T00:00:00.000Z");
    twin.dispose();
  });

  test("the clock moves only when it is set", () => {
    realm.setNow(instant(NOON + 1_500));
    expect(realm.evaluate(document, "Date.now()")).toBe(NOON + 1_500);
    expect(realm.evaluate(document, "new Date().constructor.now()")).toBe(NOON + 1_500);
  });

  test("equal histories have equal fingerprints, and a changed variable another one", () => {
    realm.declare(document, "x", "{ a: [1, function () {}] }");
    const before = realm.fingerprint(dialog);
    expect(realm.fingerprint(dialog)).toBe(before);
    realm.assign(document, "x.a[0]", "2");
    expect(realm.fingerprint(dialog)).not.toBe(before);
  });
});
