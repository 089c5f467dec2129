/**
 * `node test/conformance/run.ts FOLDER`: a line per test, and as the last one the figure to publish. Grammars of SRGS
 * are counted apart, before it: they are no VoiceXML documents.
 */
import { runSuite } from "./run-suite.ts";
import { runGrammars } from "./srgs-suite.ts";

const folder = process.argv[2];
if (folder === undefined) {
  console.error(
    "usage: node test/conformance/run.ts FOLDER   (FOLDER holds index.json, or folders vxml20, vxml21 …)",
  );
  process.exit(2);
}
const lines = await runSuite(folder);
for (const line of lines) {
  const verdict = line.usable ? (line.passed ? "pass" : "FAIL") : "unusable";
  console.log(
    `${line.test.id}\t${line.test.start}\t${verdict}\t${line.reason.replace(/\s+/g, " ").slice(0, 160)}`,
  );
}
const grammars = runGrammars(folder);
for (const line of grammars) {
  console.log(`${line.file}\tSRGS\t${line.passed ? "pass" : "FAIL"}\t${line.reason.slice(0, 160)}`);
}
if (grammars.length > 0) {
  const good = grammars.filter((line) => line.passed).length;
  console.log(`SRGS grammars, counted apart: ${good} of ${grammars.length}`);
}
const usable = lines.filter((line) => line.usable);
console.log(
  `passed ${usable.filter((line) => line.passed).length} of ${usable.length}, unusable ${lines.length - usable.length}`,
);
