import { afterAll, beforeAll, expect, test } from "vitest";
import { createRealm, type Realm, type Scope } from "../../../../adapters/voicexml/script/realm.ts";
import { RealmDead, ScriptError } from "../../../../adapters/voicexml/script/script-error.ts";
import { instant } from "../../../../domain/kernel/time.ts";
import { ENDLESS, ESCAPES } from "./hostile-scripts.ts";

// Of processor time. The limit is 50 ms; the rest is for one native call that can't be interrupted.
const PATIENCE_MS = 400;

let neighbour: Realm;
let neighbourScope: Scope;
beforeAll(async () => {
  neighbour = await createRealm({ seed: 1, now: instant(0) });
  neighbourScope = neighbour.scope(null, "document");
  neighbour.declare(neighbourScope, "x", "'well'");
});
afterAll(() => neighbour.dispose());

/** What a fresh realm makes of a source: an answer, or the error's class. */
async function tried(
  source: string,
): Promise<{ readonly tookMs: number; readonly error: unknown; readonly alive: boolean }> {
  const realm = await createRealm({ seed: 1, now: instant(0) });
  const scope = realm.scope(null, "document");
  let error: unknown = null;
  const startedAt = processorMs();
  try {
    realm.evaluate(scope, source);
  } catch (thrown) {
    error = thrown;
  }
  const tookMs = processorMs() - startedAt;
  const alive = canStillCount(realm, scope);
  realm.dispose();
  return { tookMs, error, alive };
}

/** Of this thread: other people's load must not fail a test of ours. */
function processorMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

function canStillCount(realm: Realm, scope: Scope): boolean {
  try {
    realm.setNow(instant(1));
    return realm.evaluate(scope, "1 + 1") === 2;
  } catch {
    return false;
  }
}

test.for(Object.entries(ENDLESS))("%s ends within its limit", async ([, source]) => {
  const { tookMs, error, alive } = await tried(source);
  expect(tookMs).toBeLessThan(PATIENCE_MS);
  expect(error === null || error instanceof ScriptError || error instanceof RealmDead).toBe(true);
  expect(alive || error instanceof RealmDead).toBe(true);
  expect(neighbour.evaluate(neighbourScope, "x")).toBe("well");
});

test.for(Object.entries(ESCAPES))("%s is no way out", async ([, source]) => {
  const { error, alive } = await tried(source);
  expect(error).toBeInstanceOf(ScriptError);
  expect(alive).toBe(true);
});

const probe = async (source: string): Promise<unknown> => {
  const realm = await createRealm({ seed: 1, now: instant(0) });
  const answer = realm.evaluate(realm.scope(null, "document"), source);
  realm.dispose();
  return answer;
};

test("this is undefined, also in nested functions", async () => {
  expect(await probe("[typeof this, (function () { return typeof this; })()]")).toEqual([
    "undefined",
    "undefined",
  ]);
});

test("arguments hold nothing of the platform", async () => {
  expect(await probe("arguments.length")).toBe(0);
});

test("Symbol.unscopables does not uncover the guard", async () => {
  expect(await probe("(document[Symbol.unscopables] = { document: true }, typeof document)")).toBe("object");
});

test("a scope's prototype can't be replaced by one that answers for names", async () => {
  expect(await probe("(Object.setPrototypeOf(document, { planted: 1 }), typeof planted)")).toBe("undefined");
});

test("__proto__ and hasOwnProperty are no variables", async () => {
  expect(
    await probe("[typeof __proto__, typeof hasOwnProperty, typeof constructor, typeof toString]"),
  ).toEqual(["undefined", "undefined", "undefined", "undefined"]);
});

test("a getter defined on a scope runs under the deadline", async () => {
  const { tookMs, error } = await tried(
    "(Object.defineProperty(document, 'x', { get: function () { for (;;); } }), x)",
  );
  expect(tookMs).toBeLessThan(PATIENCE_MS);
  expect(error).toBeInstanceOf(ScriptError);
});

test("changing a prototype that the platform uses changes nothing for the platform", async () => {
  const realm = await createRealm({ seed: 1, now: instant(0) });
  const scope = realm.scope(null, "document");
  realm.run(
    scope,
    `Array.prototype.push = String.prototype.split = String.prototype.slice = function () { return ['broken']; };
     Object.prototype.hasOwnProperty = function () { return true; };`,
  );
  realm.setValue(scope, "field$.utterance", "x");
  expect(realm.getValue(scope, "field$.utterance")).toBe("x");
  semanticError(() => realm.evaluate(scope, "nobody"));
  realm.dispose();
});

function semanticError(run: () => unknown): void {
  expect(run).toThrow(ScriptError);
}

test("a promise's continuation never runs", async () => {
  const realm = await createRealm({ seed: 1, now: instant(0) });
  const scope = realm.scope(null, "document");
  realm.run(scope, "var ran = 0; (async function () { await null; ran = 1; })();");
  expect(realm.evaluate(scope, "ran")).toBe(0);
  realm.dispose();
});

test("the scripts of one step share 100 ms, and the next step has its own", async () => {
  const realm = await createRealm({ seed: 1, now: instant(0) });
  const scope = realm.scope(null, "document");
  const endless = "(function () { for (;;); })()";
  const startedAt = processorMs();
  for (let turn = 0; turn < 10; turn += 1) semanticError(() => realm.evaluate(scope, endless));
  expect(processorMs() - startedAt).toBeLessThan(PATIENCE_MS);
  semanticError(() => realm.evaluate(scope, "1"));
  realm.setNow(instant(1));
  expect(realm.evaluate(scope, "1")).toBe(1);
  realm.dispose();
});

test("expressions over 4 KB and scripts over 64 KB are refused", async () => {
  const realm = await createRealm({ seed: 1, now: instant(0) });
  const scope = realm.scope(null, "document");
  semanticError(() => realm.evaluate(scope, `'${"x".repeat(4_096)}'`));
  semanticError(() => realm.run(scope, `/*${"x".repeat(65_536)}*/`));
  semanticError(() => realm.evaluate(scope, `${"(".repeat(2_000)}1${")".repeat(2_000)}`));
  realm.dispose();
});

test("more than 256 kept expressions make room for new ones", async () => {
  const realm = await createRealm({ seed: 1, now: instant(0) });
  const scope = realm.scope(null, "document");
  for (let index = 0; index < 600; index += 1) {
    realm.setNow(instant(index));
    expect(realm.evaluate(scope, `${index} + 1`)).toBe(index + 1);
  }
  realm.dispose();
});

test("a realm that was disposed says so", async () => {
  const realm = await createRealm({ seed: 1, now: instant(0) });
  const scope = realm.scope(null, null);
  realm.dispose();
  expect(() => realm.evaluate(scope, "1")).toThrow(RealmDead);
});
