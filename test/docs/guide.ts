/** Reads the guides of docs/ for the tests that hold them to the code. */
import { readFileSync } from "node:fs";

export function readGuide(name: string): string {
  return readFileSync(new URL(`../../docs/${name}`, import.meta.url), "utf8");
}

/** The source of a file of the project, where what is asked of it is not exported. */
export function readSource(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
}

/** The text under a heading, up to the next heading of its level or above. Throws when there is no such heading. */
export function sectionOf(guide: string, heading: string): string {
  const at = guide.indexOf(`\n${heading}\n`);
  if (at < 0) throw new Error(`the guide has no heading "${heading}"`);
  const level = heading.indexOf(" ");
  const rest = guide.slice(at + heading.length + 2);
  const end = rest.search(new RegExp(`^#{1,${level}} `, "m"));
  return end < 0 ? rest : rest.slice(0, end);
}

/** The cells of every row of the tables in `text`, heads and rules left out. */
export function tableRows(text: string): readonly (readonly string[])[] {
  const lines = text.split("\n");
  return lines.flatMap((line, at) => {
    const isHead = /^\|[-|]+\|$/.test(lines[at + 1] ?? "");
    if (!line.startsWith("|") || isHead || /^\|[-|]+\|$/.test(line)) return [];
    return [
      line
        .slice(1, -1)
        .split("|")
        .map((cell) => cell.trim()),
    ];
  });
}

/** What stands in back quotes, in order. */
export function quotedIn(text: string): readonly string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, quoted]) => quoted ?? "");
}
