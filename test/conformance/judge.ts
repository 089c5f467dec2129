import type { ConformanceTest } from "./conformance-case.ts";
import type { CallRecord } from "./virtual-call.ts";

export type Judgement = { readonly passed: boolean; readonly reason: string };

/** Whether a call did what its test asserts, as the index says it is to be judged. */
export function judge(test: ConformanceTest, call: CallRecord): Judgement {
  if (call.end === null) return { passed: false, reason: "the dialog did not end" };
  const exit = call.end.value === null ? null : String(JSON.parse(call.end.value));
  const said = exit ?? call.end.event ?? call.end.kind;
  switch (test.verdict.kind) {
    case "pass":
      return { passed: exit === "pass", reason: said };
    case "no-fail":
      return { passed: call.end.kind !== "limit" && exit?.startsWith("fail") !== true, reason: said };
    case "audio-requested":
      return {
        passed: call.audio.length > 0 && call.end.event === null && exit?.startsWith("fail") !== true,
        reason: said,
      };
    case "heard-in-order":
      return { passed: inOrder(call.heard.join(" "), test.verdict.words), reason: call.heard.join(" ") };
    default:
      return test.verdict satisfies never;
  }
}

function inOrder(text: string, words: readonly string[]): boolean {
  let from = 0;
  return words.every((word) => {
    const at = text.indexOf(word, from);
    from = at + word.length;
    return at >= 0;
  });
}
