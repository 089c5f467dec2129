/** The layout in which W3C gives its suites away: manifest.xml, and a folder per assertion beside it. */
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { parseXml } from "../../adapters/voicexml/document/parse-xml.ts";
import { attribute, type XmlElement } from "../../adapters/voicexml/document/xml-node.ts";
import type { ConformanceTest } from "./conformance-case.ts";

export const MANIFEST = "manifest.xml";

/** Several hundred assertions with their texts. */
const LIMITS = { charactersMax: 8_388_608, depthMax: 20, elementsMax: 50_000, attributesMax: 20 };

/** One test for each `<start>` of each `<test>`. Throws where the manifest is no XML. */
export function readManifest(folder: string, prefix: string): readonly ConformanceTest[] {
  const root = parseXml(readFileSync(join(folder, MANIFEST), "utf8"), MANIFEST, LIMITS);
  return root.children.flatMap((child) =>
    child.kind === "element" && child.local === "test" ? testsOf(child, folder, prefix) : [],
  );
}

// The manifest has a namespace of its own, or none: only local names are looked at.
function testsOf(test: XmlElement, folder: string, prefix: string): readonly ConformanceTest[] {
  const named = (local: string): readonly XmlElement[] =>
    test.children.filter((child): child is XmlElement => child.kind === "element" && child.local === local);
  const id =
    named("assert").map((assert) => attribute(assert, "id") ?? "")[0] ?? attribute(test, "id") ?? "?";
  return named("start").map((start) => {
    const path = attribute(start, "uri") ?? "";
    const file = join(folder, path);
    const text = existsSync(file) ? readFileSync(file, "latin1") : "";
    const deps = named("dep").map((dep) => join(folder, attribute(dep, "uri") ?? ""));
    const hasPass = [file, ...deps].some(
      (name) => existsSync(name) && readFileSync(name, "latin1").includes("conf:pass"),
    );
    return {
      id: `${prefix}${id}`,
      folder: dirname(file),
      start: basename(path),
      hasPass,
      verdict: { kind: hasPass ? "pass" : "no-fail" },
      caller: null,
      farEnd: null,
      unusable: null,
      problem: text === "" ? `its start document ${path} is not there` : null,
    };
  });
}
