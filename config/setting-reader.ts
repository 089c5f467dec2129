/** Reads single settings, each with its bounds and its advice. Nothing is thrown: all problems are told together. */
export type Address = { readonly host: string; readonly port: number };

export type Environment = Readonly<Record<string, string | undefined>>;

export type SettingReader = ReturnType<typeof createSettingReader>;

/** `problems` takes what is wrong, in words for the operator. */
export function createSettingReader(env: Environment, problems: string[]) {
  /** `advice` is an example of a right one. */
  function fail(name: string, value: string, advice: string): void {
    problems.push(`${name} "${value}" ${advice}`);
  }

  function text(name: string, fallback: string): string {
    const value = env[name];
    return value === undefined || value === "" ? fallback : value;
  }

  /** Separated by commas; empty when unset. */
  function list(name: string): string[] {
    return text(name, "")
      .split(",")
      .map((entry) => entry.trim())
      .filter((entry) => entry !== "");
  }

  function number(name: string, fallback: number, min: number, max: number): number {
    const value = env[name];
    if (value === undefined || value === "") return fallback;
    const parsed = Number(value);
    if (Number.isInteger(parsed) && parsed >= min && parsed <= max) return parsed;
    fail(name, value, `is out of range; give a whole number from ${min} to ${max}, e.g. ${fallback}`);
    return fallback;
  }

  function address(name: string, fallback: string): Address {
    const value = text(name, fallback);
    const known = parseAddress(value);
    if (known !== null) return known;
    fail(name, value, `is no address; give host:port, e.g. ${fallback}`);
    return { host: "127.0.0.1", port: 0 };
  }

  /** Several, separated by commas, each "host:port"; empty when unset. */
  function addresses(name: string, example: string): string[] {
    const given = list(name);
    for (const one of given) {
      if (parseAddress(one) === null)
        fail(name, one, `holds something that is no address; give host:port, e.g. ${example}`);
    }
    return given;
  }

  function range(name: string, fallback: string): { first: number; last: number } {
    const value = text(name, fallback);
    const match = /^(\d{4,5})-(\d{4,5})$/.exec(value);
    const [first, last] = [Number(match?.[1]), Number(match?.[2])];
    if (match !== null && first < last && last <= 65_535 && first >= 1_024) return { first, last };
    fail(name, value, `is empty or no range; give a first port below the last, e.g. ${fallback}`);
    return { first: 20_000, last: 20_001 };
  }

  function flag(name: string): boolean {
    const value = text(name, "0");
    if (value === "0" || value === "1") return value === "1";
    fail(name, value, "is neither 0 nor 1");
    return false;
  }

  function url(name: string, fallback: string): string {
    const value = text(name, fallback);
    if (URL.canParse(value) && /^https?:/.test(value)) return value.replace(/\/+$/, "");
    fail(name, value, `is no http or https URL; give one such as ${fallback}`);
    return fallback;
  }

  /** One of a few words; the first is the default. */
  function choice<Word extends string>(name: string, words: readonly [Word, ...Word[]]): Word {
    const [fallback] = words;
    const value = text(name, fallback);
    const known = words.find((word) => word === value);
    if (known !== undefined) return known;
    fail(name, value, `is not known; give one of ${words.join(", ")}`);
    return fallback;
  }

  return { fail, text, list, number, address, addresses, range, flag, url, choice };
}

function parseAddress(value: string): Address | null {
  const match = /^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):(\d{1,5})$/.exec(value);
  const port = Number(match?.[2] ?? Number.NaN);
  if (match?.[1] === undefined || port > 65_535) return null;
  return { host: match[1].replace(/^\[|\]$/g, ""), port };
}
