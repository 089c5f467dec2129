/** Table-driven documents of our own, one per statement of the specification; each case cites its section. */
import { expect, test } from "vitest";
import type { Effect } from "../../../../adapters/voicexml/dialog/effects.ts";
import type { CallRecord } from "../../../conformance/virtual-call.ts";
import { exitOf, playScene, type Scene } from "./play-document.ts";

/** What the caller was told, in order, instead of what the dialog exited with. */
type Heard = { readonly heard: readonly string[] };
/** What a server was sent, as "METHOD address body". */
type Sent = { readonly sent: readonly string[] };

export type SpecCase = readonly [
  name: string,
  expected: Heard | Sent | boolean | number | string | null | object,
  scene: Scene | string,
  caller?: readonly string[],
];

export const YES_NO = `<grammar mode="voice" version="1.0" root="r"><rule id="r"><one-of><item>yes</item><item>no</item></one-of></rule></grammar>`;
export const ONE_TWO = `<grammar mode="dtmf" version="1.0" root="r"><rule id="r"><one-of><item>1</item><item>2</item></one-of></rule></grammar>`;
export const PASS = `<exit expr="'pass'"/>`;
export const FAIL = `<exit expr="'fail'"/>`;

/** A voice grammar of one phrase whose tags are `script`. */
export function says(phrase: string, script = "", attributes = ""): string {
  const tag = script === "" ? "" : `<tag>${script}</tag>`;
  return `<grammar mode="voice" version="1.0" root="r" tag-format="semantics/1.0"${attributes}><rule id="r" scope="public"><item>${phrase}</item>${tag}</rule></grammar>`;
}

export function testCases(cases: readonly SpecCase[]): void {
  test.each(
    cases.map(([name, expected, scene, caller]) => ({ name, expected, scene, caller: caller ?? null })),
  )("$name", async ({ expected, scene, caller }) => {
    const given: Scene = typeof scene === "string" ? { pages: { "/": scene } } : scene;
    const call = await playScene(caller === null ? given : { ...given, caller });
    expect(asked(expected, call)).toEqual(expected);
  });
}

/** Of a call what `expected` speaks of, in the same form. */
function asked(expected: SpecCase[1], call: CallRecord): unknown {
  if (typeof expected === "object" && expected !== null) {
    if ("heard" in expected) return { heard: call.heard };
    if ("sent" in expected) return { sent: call.effects.flatMap(sentBy) };
  }
  return exitOf(call);
}

function sentBy(effect: Effect): readonly string[] {
  if (effect.type !== "fetch" || effect.kind === "audio") return [];
  const body = effect.body === null ? "" : ` ${new TextDecoder().decode(effect.body.bytes)}`;
  return effect.url.endsWith("/")
    ? []
    : [`${effect.method} ${new URL(effect.url).pathname}${new URL(effect.url).search}${body}`];
}
