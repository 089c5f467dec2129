/**
 * Lines that a machine must never call (G07): emergency numbers that the library's metadata lacks, and lines
 * that people in need must find free. Digits as they are dialled within the country; our own compilation of
 * what regulators announce. Too long a list refuses a call that nobody needed; too short a one can cost a life.
 */
export type LineKind = "emergency" | "protected";

type Lines = Readonly<Record<LineKind, string>>;

const NORTH_AMERICA: Lines = { emergency: "911 933", protected: "988" };

// The 116 numbers are one plan for the European Union and its neighbours (Decision 2007/116/EC).
const EUROPE_PROTECTED = "116000 116006 116111 116117 116123";

const BY_COUNTRY: Readonly<Record<string, Lines>> = {
  US: NORTH_AMERICA,
  CA: NORTH_AMERICA,
  PR: NORTH_AMERICA,
  GB: { emergency: "", protected: "101 105 111 119" },
  GG: { emergency: "", protected: "101 111" },
  JE: { emergency: "", protected: "101 111" },
  IM: { emergency: "", protected: "101 111" },
  IE: { emergency: "", protected: "1800247247" },
  FR: { emergency: "114 115 191 196 197", protected: "119 3114 3919" },
  DE: { emergency: "", protected: "115 08001110111 08001110222 8001110111 8001110222" },
  AT: { emergency: "", protected: "142 147 1450" },
  CH: { emergency: "", protected: "143 145 147" },
  ES: { emergency: "", protected: "016 024" },
  IT: { emergency: "1530", protected: "114 1522 19696" },
  NL: { emergency: "", protected: "113 144" },
  BE: { emergency: "", protected: "102 103 105 106 107 110 1813" },
  SE: { emergency: "", protected: "1177 11414 90101" },
  NO: { emergency: "", protected: "02800 113" },
  DK: { emergency: "", protected: "114 1813" },
  FI: { emergency: "", protected: "116117 0203" },
  PL: { emergency: "", protected: "800702222" },
  AU: { emergency: "106", protected: "131114 131126 1800737732" },
  NZ: { emergency: "", protected: "105 1737 0800543354" },
  IN: { emergency: "", protected: "1091 1098 14416" },
  BR: { emergency: "", protected: "180 188" },
  JP: { emergency: "", protected: "189 188 171" },
};

/** Ordinary in form, so that only the whole number tells: poison control, former and present crisis lines. */
const WHOLE_NUMBERS: ReadonlySet<string> = new Set([
  "+18002221222",
  "+18002738255",
  "+18007997233",
  "+18006564673",
  "+18668274747",
  "+448081961620",
  "+498001110111",
  "+498001110222",
  "+61131114",
  "+61131126",
]);

const linesOf = new Map<string, readonly (readonly [line: string, kind: LineKind])[]>();

function linesIn(country: string): readonly (readonly [line: string, kind: LineKind])[] {
  const known = linesOf.get(country);
  if (known !== undefined) return known;
  const own = BY_COUNTRY[country] ?? { emergency: "", protected: "" };
  const listed = [
    ...split(own.emergency, "emergency"),
    ...split(`${own.protected} ${EUROPEAN.has(country) ? EUROPE_PROTECTED : ""}`, "protected"),
  ];
  if (/^[A-Z]{2}$/.test(country)) linesOf.set(country, listed);
  return listed;
}

function split(lines: string, kind: LineKind): readonly (readonly [line: string, kind: LineKind])[] {
  return lines.split(" ").flatMap((line) => (line === "" ? [] : [[line, kind] as const]));
}

const EUROPEAN: ReadonlySet<string> = new Set(
  "AL AT BA BE BG CH CY CZ DE DK EE ES FI FR GB GE GG GR HR HU IE IM IS IT JE LI LT LU LV MD ME MK MT NL NO PL PT RO RS SE SI SK UA XK".split(
    " ",
  ),
);

export function isProtectedNumber(number: string): boolean {
  return WHOLE_NUMBERS.has(number);
}

/**
 * The listed line that these digits would reach when dialled in the country; null when none. With "prefix" more
 * digits may follow, as a switch that connects at the first match would read them.
 */
export function listedLine(
  digits: string,
  country: string,
  match: "exact" | "prefix",
): { readonly line: string; readonly kind: LineKind } | null {
  const found = linesIn(country).find(([line]) =>
    match === "exact" ? digits === line : digits.startsWith(line),
  );
  return found === undefined ? null : { line: found[0], kind: found[1] };
}
