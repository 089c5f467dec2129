import type { ConformanceTest } from "./conformance-case.ts";
import { BASE_URL, fetchFrom } from "./folder-web.ts";
import { readTests } from "./index-file.ts";
import { type Judgement, judge } from "./judge.ts";
import { runVirtualCall } from "./virtual-call.ts";

export type SuiteLine = Judgement & { readonly test: ConformanceTest; readonly usable: boolean };

export async function runSuite(folder: string): Promise<readonly SuiteLine[]> {
  const lines: SuiteLine[] = [];
  for (const test of readTests(folder)) {
    if (test.unusable === null) lines.push({ test, usable: true, ...(await runTest(test)) });
    else lines.push({ test, usable: false, passed: false, reason: test.unusable });
  }
  return lines;
}

async function runTest(test: ConformanceTest): Promise<Judgement> {
  if (test.problem !== null) return { passed: false, reason: test.problem };
  try {
    const call = await runVirtualCall({
      url: new URL(test.start, BASE_URL).href,
      fetch: (url) => fetchFrom(test.folder, url),
      caller: test.caller,
      farEnd: test.farEnd,
    });
    return judge(test, call);
  } catch (error) {
    return { passed: false, reason: `threw ${String(error)}` };
  }
}
