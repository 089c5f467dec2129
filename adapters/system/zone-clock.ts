/**
 * Local time from Node's own ICU tables. `Temporal` is absent in Node 24, and a library would bring a second
 * set of tables that ages on its own. Making a formatter costs fifty times what using it does, hence one per
 * zone; and what was read is kept by the minute, since one judgement reads the same few instants many times.
 */
import { type Instant, MINUTE_MS } from "../../domain/kernel/time.ts";
import type { LocalTime, ZoneClock } from "../../domain/ports/zone-clock.ts";

/** More than there are zones and aliases: only a caller that makes names up could ever fill it. */
const ZONES_MAX = 1_024;
/** Of each zone: some hours of the minutes that judgements ask for. */
const READINGS_MAX = 256;

// Areas and cities, and the few zones without an area. Intl also takes "+05:30", which is no zone: it has no rules.
const ZONE_NAME = /^[A-Za-z][A-Za-z0-9_+-]*(?:\/[A-Za-z0-9_+-]+){0,2}$/;

// "11/21/2026, 13:05": en-US with two digits each; a year before 1000 or after 9999 has other lengths.
const READING = /^(\d+)\/(\d+)\/(\d+), (\d+):(\d+)$/;

type Zone = { readonly format: Intl.DateTimeFormat; readonly readings: Map<number, LocalTime> };

export function createZoneClock(): ZoneClock {
  const zones = new Map<string, Zone>();

  /** Throws RangeError for what is no zone. */
  function zoneOf(name: string): Zone {
    const known = zones.get(name);
    if (known !== undefined) return known;
    if (!ZONE_NAME.test(name)) throw new RangeError("zone clock: not the name of an IANA time zone");
    const made = { format: newFormat(name), readings: new Map<number, LocalTime>() };
    if (zones.size >= ZONES_MAX) zones.clear();
    zones.set(name, made);
    return made;
  }

  return {
    version: process.versions["tz"] ?? "unknown",
    localTime(at, zone) {
      const { format, readings } = zoneOf(zone);
      const minute = Math.floor(at / MINUTE_MS);
      const known = readings.get(minute);
      if (known !== undefined) return known;
      const reading = read(format.format(at), at);
      if (readings.size >= READINGS_MAX) readings.clear();
      readings.set(minute, reading);
      return reading;
    },
    isZone(name) {
      try {
        zoneOf(name);
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
