/**
 * Makes `Date` and `Math.random` the same at every replay: the clock shows the time of the input being handled, the
 * dice are a seeded mulberry32, and the only time zone is UTC, wherever the server stands. Evaluates to a function
 * of (seed, now) that answers how to set the clock.
 */
export const FIXED_WORLD = String.raw`(function (seed, start) {
  'use strict';
  const RealDate = Date, { UTC } = RealDate, { setPrototypeOf, defineProperty } = Object;
  const { apply, construct } = Reflect, realParse = RealDate.parse, { imul } = Math;
  let now = start, dice = seed >>> 0;
  const define = (object, name, value) => defineProperty(object, name, { value, writable: true, configurable: true });

  define(Math, 'random', () => {
    dice = (dice + 0x6d2b79f5) >>> 0;
    let mixed = imul(dice ^ (dice >>> 15), dice | 1);
    mixed ^= mixed + imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  });

  // A text without a zone would be read in the server's own: try it as UTC first. Text that names a zone is then no date.
  function parse(text) {
    const inUtc = realParse(text + 'Z');
    if (inUtc === inUtc) return inUtc;
    const spelled = realParse(text + ' UTC');
    return spelled === spelled && !/[+-]\d{2}:?\d{2}$|[A-Z]{3,4}$|Z$/.test(text) ? spelled : realParse(text);
  }

  function instantOf(parts) {
    if (parts.length === 0) return now;
    if (parts.length > 1) return apply(UTC, undefined, parts);
    return typeof parts[0] === 'string' ? parse(parts[0]) : construct(RealDate, parts).getTime();
  }

  function FixedDate(...parts) {
    if (new.target === undefined) return new FixedDate().toString();
    const date = new RealDate(instantOf(parts));
    return new.target === FixedDate ? date : setPrototypeOf(date, new.target.prototype);
  }
  defineProperty(FixedDate, 'prototype', { value: RealDate.prototype });
  define(FixedDate, 'name', 'Date');
  define(FixedDate, 'now', () => now);
  define(FixedDate, 'UTC', UTC);
  define(FixedDate, 'parse', (text) => parse(String(text)));
  const proto = RealDate.prototype;
  define(proto, 'constructor', FixedDate);
  for (const part of ['FullYear', 'Month', 'Date', 'Day', 'Hours', 'Minutes', 'Seconds', 'Milliseconds']) {
    define(proto, 'get' + part, proto['getUTC' + part]);
    if (part !== 'Day') define(proto, 'set' + part, proto['setUTC' + part]);
  }
  define(proto, 'getTimezoneOffset', { getTimezoneOffset() { return 0; } }.getTimezoneOffset);
  define(proto, 'getYear', { getYear() { return this.getUTCFullYear() - 1900; } }.getYear);
  delete proto.setYear;
  const { toUTCString } = proto, slice = String.prototype.slice;
  // "Mon, 05 Jan 2026 12:00:00 GMT" is the one text form that does not depend on where the server stands.
  const words = (date) => {
    const text = apply(toUTCString, date, []);
    const cut = (from, to) => apply(slice, text, [from, to]);
    if (text === 'Invalid Date') return { day: text, time: '' };
    return { day: cut(0, 3) + ' ' + cut(8, 11) + ' ' + cut(5, 7) + ' ' + cut(12, -13), time: cut(-12, -4) };
  };
  const show = {
    toString() { const w = words(this); return w.time === '' ? w.day : w.day + ' ' + w.time + ' GMT+0000'; },
    toDateString() { return words(this).day; },
    toTimeString() { return words(this).time + ' GMT+0000'; },
    toLocaleString() { const w = words(this); return w.time === '' ? w.day : w.day + ' ' + w.time; },
    toLocaleDateString() { return words(this).day; },
    toLocaleTimeString() { return words(this).time; },
  };
  for (const name of Object.getOwnPropertyNames(show)) define(proto, name, show[name]);
  defineProperty(globalThis, 'Date', { value: FixedDate, writable: true, configurable: true });
  return (instant) => { now = instant; };
})`;
