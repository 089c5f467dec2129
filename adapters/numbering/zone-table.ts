import table from "./zones-by-prefix.json" with { type: "json" };

export const ZONE_TABLE_VERSION: string = table.version;

const PREFIX_DIGITS_MAX = 9;

const zonesOf = new Map<string, readonly string[]>(
  Object.entries(table.prefixesOfZones).flatMap(([zones, prefixes]) => {
    const list = zones.split(" ");
    return prefixes.split(" ").map((prefix) => [prefix, list] as const);
  }),
);

/** IANA zones of a number by its longest known prefix; `digits` without plus. Empty when none is known. */
export function zonesByPrefix(digits: string): readonly string[] {
  for (let length = PREFIX_DIGITS_MAX; length > 0; length -= 1) {
    const zones = zonesOf.get(digits.slice(0, length));
    if (zones !== undefined) return zones;
  }
  return [];
}
