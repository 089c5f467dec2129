/**
 * Local time from Node's own ICU tables. `Temporal` is absent in Node 24, and a library would bring a second
 * set of tables that ages on its own. Making a formatter costs fifty times what using it does, hence one per zone.
 */
import type { Instant } from "../../domain/kernel/time.ts";
import type { LocalTime, ZoneClock } from "../../domain/ports/zone-clock.ts";

/** More than there are zones and aliases: only a caller that makes names up could ever fill it. */
const FORMATS_MAX = 1_024;

// Areas and cities, and the few zones without an area. Intl also takes "+05:30", which is no zone: it has no rules.
const ZONE_NAME = /^[A-Za-z][A-Za-z0-9_+-]*(?:\/[A-Za-z0-9_+-]+){0,2}$/;

// "11/21/2026, 13:05": en-US with two digits each; a year before 1000 or after 9999 has other lengths.
const READING = /^(\d+)\/(\d+)\/(\d+), (\d+):(\d+)$/;

export function createZoneClock(): ZoneClock {
  const formats = new Map<string, Intl.DateTimeFormat>();

  /** Throws RangeError for what is no zone. */
  function formatOf(zone: string): Intl.DateTimeFormat {
    const known = formats.get(zone);
    if (known !== undefined) return known;
    if (!ZONE_NAME.test(zone)) throw new RangeError("zone clock: not the name of an IANA time zone");
    const format = newFormat(zone);
    if (formats.size >= FORMATS_MAX) formats.clear();
    formats.set(zone, format);
    return format;
  }

  return {
    version: process.versions["tz"] ?? "unknown",
    localTime: (at, zone) => read(formatOf(zone).format(at), at),
    isZone(name) {
      try {
        formatOf(name);
        return true;
      } catch (error) {
        if (error instanceof RangeError) return false;
        throw error;
      }
    },
  };
}

function newFormat(zone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    calendar: "gregory",
    numberingSystem: "latn",
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
  });
}

function read(text: string, at: Instant): LocalTime {
  const parts = READING.exec(text);
  if (parts === null) throw new RangeError(`zone clock: no local time for the instant ${at}`);
  const [month = 0, day = 0, year = 0, hour = 0, minute = 0] = parts.slice(1).map(Number);
  const weekday = new Date(Date.UTC(year, month - 1, day)).getUTCDay();
  return { year, month, day, weekday, minute: hour * 60 + minute };
}
