import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createDtmfMatcher } from "../../../../adapters/voicexml/grammar/dtmf-matcher.ts";
import { compiled, lastState, pressed } from "./srgs.ts";

const HASH_OR_DIGITS = `
  <rule id="r"><one-of>
    <item>#</item>
    <item><item repeat="1-11"><ruleref uri="#digit"/></item><item repeat="0-1">#</item></item>
  </one-of></rule>
  <rule id="digit"><one-of>${"0123456789"
    .split("")
    .map((digit) => `<item>${digit}</item>`)
    .join("")}</one-of></rule>`;

describe("after each key", () => {
  test("a lone # that is a whole utterance matches at once", () => {
    expect(pressed(compiled(HASH_OR_DIGITS), "#").states).toEqual(["complete-final"]);
  });

  test("an utterance that may go on is complete but not final, and its longest form is final", () => {
    expect(pressed(compiled(HASH_OR_DIGITS), "12#").states).toEqual([
      "complete",
      "complete",
      "complete-final",
    ]);
    expect(lastState(compiled(HASH_OR_DIGITS), "12345678901")).toBe("complete");
    expect(lastState(compiled(HASH_OR_DIGITS), "12345678901#")).toBe("complete-final");
  });

  test("a key that fits nowhere is dead, and so is all that follows", () => {
    expect(pressed(compiled(HASH_OR_DIGITS), "1*2").states).toEqual(["complete", "dead", "dead"]);
  });

  test("a prefix is partial", () => {
    expect(pressed(compiled('<rule id="r">1 2 3</rule>'), "123").states).toEqual([
      "partial",
      "partial",
      "complete-final",
    ]);
  });

  test("a key that the grammar may take next is told from one that it may not", () => {
    const matcher = createDtmfMatcher([compiled(HASH_OR_DIGITS)], null);
    expect([matcher.accepts("#"), matcher.accepts("*")]).toEqual([true, false]);
    matcher.press("#");
    expect(matcher.accepts("#")).toBe(false);
  });

  test("star and pound, small letters and unspaced keys are understood", () => {
    const grammar = compiled('<rule id="r">star 12 a pound</rule>');
    expect(lastState(grammar, "*12A#")).toBe("complete-final");
  });

  test("what can only lead to VOID is dead at once", () => {
    const grammar = compiled(
      '<rule id="r"><one-of><item>1 <ruleref special="VOID"/></item><item>2</item></one-of></rule>',
    );
    expect([lastState(grammar, "1"), lastState(grammar, "2")]).toEqual(["dead", "complete-final"]);
  });

  test("without grammars every key is dead", () => {
    expect(lastState([], "1")).toBe("dead");
  });

  test("NULL takes nothing and GARBAGE takes anything", () => {
    const grammar = compiled('<rule id="r"><ruleref special="NULL"/><ruleref special="GARBAGE"/> # </rule>');
    expect([lastState(grammar, "#"), lastState(grammar, "98*#")]).toEqual(["complete", "complete"]);
  });
});

describe("several grammars", () => {
  const one = { ...compiled('<rule id="r">1</rule>'), id: "inner" };
  const more = { ...compiled('<rule id="r">1 <item repeat="0-1">2</item></rule>'), id: "outer" };

  test("the nearest one that fits wins", () => {
    expect(pressed([one, more], "1").match?.grammarId).toBe("inner");
    expect(pressed([more, one], "1").match?.grammarId).toBe("outer");
  });

  test("as long as any may go on, the match is not final", () => {
    expect(pressed([one, more], "12").states).toEqual(["complete", "complete-final"]);
    expect(pressed([one, more], "12").match?.grammarId).toBe("outer");
  });
});

/** Of this thread. */
function processorMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

describe("limits", () => {
  test("a grammar whose ambiguity grows with every key is given up at 20 000 steps, not followed", () => {
    const again = '<item repeat="0-1"><ruleref uri="#r"/></item>';
    const wild = compiled(`<rule id="r">1${again}${again}</rule>`);
    const matcher = createDtmfMatcher([wild], null);
    const startedAtMs = processorMs();
    const states = Array.from({ length: 400 }, () => matcher.press("1"));
    expect([states[99], states.at(-1)]).toEqual(["complete", "dead"]);
    expect(processorMs() - startedAtMs).toBeLessThan(10_000);
  });

  test("more than 500 keys are no utterance", () => {
    const endless = compiled('<rule id="r"><item repeat="0-">1</item></rule>');
    expect(lastState(endless, "1".repeat(500))).toBe("complete");
    expect(lastState(endless, "1".repeat(501))).toBe("dead");
  });
});

type Shape =
  | { readonly kind: "key"; readonly key: string }
  | { readonly kind: "then"; readonly parts: readonly Shape[] }
  | { readonly kind: "or"; readonly parts: readonly Shape[] }
  | { readonly kind: "times"; readonly least: number; readonly more: number; readonly part: Shape };

const { shape } = fc.letrec<{ shape: Shape }>((tie) => ({
  shape: fc.oneof(
    { maxDepth: 4 },
    fc.record({ kind: fc.constant("key" as const), key: fc.constantFrom("1", "2", "#") }),
    fc.record({
      kind: fc.constant("then" as const),
      parts: fc.array(tie("shape"), { minLength: 1, maxLength: 3 }),
    }),
    fc.record({
      kind: fc.constant("or" as const),
      parts: fc.array(tie("shape"), { minLength: 1, maxLength: 3 }),
    }),
    fc.record({
      kind: fc.constant("times" as const),
      least: fc.nat(2),
      more: fc.nat(2),
      part: tie("shape"),
    }),
  ),
}));

function written(from: Shape): string {
  if (from.kind === "key") return ` ${from.key} `;
  if (from.kind === "then") return `<item>${from.parts.map(written).join("")}</item>`;
  if (from.kind === "or")
    return `<one-of>${from.parts.map((part) => `<item>${written(part)}</item>`).join("")}</one-of>`;
  return `<item repeat="${from.least}-${from.least + from.more}">${written(from.part)}</item>`;
}

/** Slow and plain: every place where a reading begun at `at` may end. */
function ends(from: Shape, keys: string, at: number): ReadonlySet<number> {
  if (from.kind === "key") return new Set(keys[at] === from.key ? [at + 1] : []);
  if (from.kind === "or") return new Set(from.parts.flatMap((part) => [...ends(part, keys, at)]));
  if (from.kind === "then")
    return from.parts.reduce<ReadonlySet<number>>((places, part) => all(places, part, keys), new Set([at]));
  let places: ReadonlySet<number> = new Set([at]);
  const found = new Set(from.least === 0 ? [at] : []);
  for (let turn = 1; turn <= from.least + from.more; turn += 1) {
    places = all(places, from.part, keys);
    if (turn >= from.least) for (const place of places) found.add(place);
  }
  return found;
}

function all(places: ReadonlySet<number>, part: Shape, keys: string): ReadonlySet<number> {
  return new Set([...places].flatMap((place) => [...ends(part, keys, place)]));
}

test("any grammar accepts exactly the keys that a slow reading of it accepts", () => {
  fc.assert(
    fc.property(
      shape,
      fc.array(fc.constantFrom("1", "2", "#"), { minLength: 1, maxLength: 6 }),
      (form, list) => {
        const keys = list.join("");
        const { states, match } = pressed(compiled(`<rule id="r">${written(form)}</rule>`), keys);
        const expected = ends(form, keys, 0).has(keys.length);
        expect(match !== null).toBe(expected);
        expect(states.at(-1)?.startsWith("complete")).toBe(expected);
        expect(match?.tokens.join("")).toBe(expected ? keys : undefined);
      },
    ),
    { numRuns: 500 },
  );
});

test("what the matcher calls dead or final no longer utterance can save or extend", () => {
  fc.assert(
    fc.property(shape, fc.constantFrom("1", "2", "#", "11", "12", "1#", "2#"), (form, keys) => {
      const state = lastState(compiled(`<rule id="r">${written(form)}</rule>`), keys);
      const longer = continuations(keys, 3).some((more) => ends(form, more, 0).has(more.length));
      expect(longer && (state === "dead" || state === "complete-final")).toBe(false);
    }),
    { numRuns: 150 },
  );
});

function continuations(keys: string, length: number): readonly string[] {
  if (length === 0) return [];
  return ["1", "2", "#"].flatMap((key) => [keys + key, ...continuations(keys + key, length - 1)]);
}
