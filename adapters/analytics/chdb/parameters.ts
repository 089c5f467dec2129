/**
 * Query parameters as ClickHouse's HTTP interface takes them (`param_<name>`): backslash-escaped text for scalars,
 * literals for arrays. The engine's binding wants plain values, so both are read here.
 */

/** Characters of one parameter. */
export const PARAMETER_CHARACTERS_MAX = 100_000;

const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  "0": "\0",
  b: "\b",
  f: "\f",
  "\\": "\\",
  "'": "'",
};

export type ParameterValue = string | number | boolean | null | readonly ParameterValue[];

/** Throws RangeError for a text that is no literal where one is expected. */
export function readParameter(text: string): ParameterValue {
  if (text.length > PARAMETER_CHARACTERS_MAX) throw new RangeError("a parameter is too long");
  if (text === "\\N") return null;
  if (text.startsWith("[") && text.endsWith("]")) return readArray(text);
  return unescape(text);
}

export function unescape(text: string): string {
  return text.replace(/\\(.)/gs, (whole, letter: string) => ESCAPES[letter] ?? whole);
}

const TOKEN =
  /\s*(?:(\[)|(\])|(,)|'((?:[^'\\]|\\.)*)'|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(TRUE|FALSE|NULL))/suy;
const NESTING_MAX = 8;

function readArray(text: string): readonly ParameterValue[] {
  let at = 0;
  const next = (): RegExpExecArray => {
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(text);
    if (token === null) throw new RangeError(`an array parameter is malformed at character ${at}`);
    at = TOKEN.lastIndex;
    return token;
  };
  const readItems = (depth: number): readonly ParameterValue[] => {
    if (depth > NESTING_MAX) throw new RangeError(`an array parameter is nested deeper than ${NESTING_MAX}`);
    const items: ParameterValue[] = [];
    for (let token = next(); token[2] === undefined; token = next()) {
      if (token[3] !== undefined) continue;
      items.push(token[1] === undefined ? readScalar(token) : readItems(depth + 1));
    }
    return items;
  };
  next();
  const items = readItems(1);
  if (at !== text.length) throw new RangeError("an array parameter goes on after its end");
  return items;
}

function readScalar(token: RegExpExecArray): ParameterValue {
  if (token[4] !== undefined) return unescape(token[4]);
  if (token[5] !== undefined) return Number(token[5]);
  return token[6] === "NULL" ? null : token[6] === "TRUE";
}
