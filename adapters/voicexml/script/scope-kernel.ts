/**
 * The code that keeps VoiceXML scopes inside the engine. It is evaluated once per realm, before the hardening
 * takes `Proxy` and `Reflect` away, and holds its own references to every native that it needs: what a document
 * does to the globals can't change how its scopes work.
 *
 * One guard per scope *instance*. A guard is what a `with` statement looks names up in; a single guard for "the
 * current chain" would be dynamic scoping, and a function stored in an outer scope would then lose the scope that
 * it was born in (W3C assertion 404). The strict function inside `with` turns an undeclared assignment into a
 * ReferenceError and a write to frozen session data into a TypeError, while `has` answers false for undeclared
 * names, so that `typeof nothing` stays "undefined".
 *
 * Values leave as text with a letter in front: `u` undefined, `d` a number that JSON lacks, `j` JSON.
 */
export const SCOPE_KERNEL = String.raw`(function () {
  'use strict';
  const { create, freeze, getOwnPropertyNames, getOwnPropertyDescriptor } = Object;
  const { apply } = Reflect, { parse, stringify } = JSON, { isArray } = Array;
  const ProxyClass = Proxy, SetClass = Set, finite = isFinite, text = String;
  const TypeFault = TypeError, RangeFault = RangeError, ReferenceFault = ReferenceError, Fault = Error;
  const uncurry = (method) => (self, ...rest) => apply(method, self, rest);
  const own = uncurry(Object.prototype.hasOwnProperty), split = uncurry(String.prototype.split);
  const clip = uncurry(String.prototype.slice), push = uncurry(Array.prototype.push);
  const seenHas = uncurry(Set.prototype.has), seenAdd = uncurry(Set.prototype.add);
  const EXPORT_CHARS_MAX = 65536, ARRAY_LENGTH_MAX = 10000, FREEZE_OBJECTS_MAX = 20000;

  function scope(parent, name) {
    const vars = create(null);
    if (name !== null) vars[name] = vars;
    const find = (key) => (own(vars, key) ? vars : parent ? parent.find(key) : undefined);
    const guard = new ProxyClass(create(null), {
      has: (_, key) => typeof key === 'string' && find(key) !== undefined,
      get: (_, key) => {
        const home = typeof key === 'string' ? find(key) : undefined;
        return home === undefined ? undefined : home[key];
      },
      set: (_, key, value) => {
        const home = find(key);
        if (home === undefined) throw new ReferenceFault(key + ' is not declared');
        home[key] = value;
        return true;
      },
      deleteProperty: () => false,
    });
    return { vars, find, guard, parent };
  }

  const compute = (home, factory) => apply(apply(factory, home.guard, []), undefined, []);

  function plain(key, value) {
    if (typeof value === 'function' || typeof value === 'symbol') throw new TypeFault('a function is not plain data');
    return value;
  }

  function exported(value) {
    if (value === undefined) return 'u';
    if (typeof value === 'number' && !finite(value)) return 'd' + value;
    const json = stringify(plain('', value), plain);
    if (json === undefined) return 'u';
    if (json.length > EXPORT_CHARS_MAX) throw new RangeFault('more than 64 KB of data asked for');
    return 'j' + json;
  }

  const imported = (code) => (code === 'u' ? undefined : code[0] === 'd' ? +clip(code, 1) : parse(clip(code, 1)));

  function look(home, path) {
    const parts = split(path, '.');
    const holder = home.find(parts[0]);
    let value = holder === undefined ? undefined : holder[parts[0]];
    for (let i = 1; i < parts.length && value !== undefined && value !== null; i += 1) value = value[parts[i]];
    return value === null && parts.length > 1 ? undefined : value;
  }

  function put(holder, parts, value) {
    let at = holder;
    for (let i = 0; i < parts.length - 1; i += 1) {
      if (at[parts[i]] === undefined || at[parts[i]] === null) at[parts[i]] = {};
      at = at[parts[i]];
    }
    at[parts[parts.length - 1]] = value;
  }

  function clear(home, path) {
    const parts = split(path, '.');
    const holder = home.find(parts[0]);
    if (holder === undefined) throw new ReferenceFault(parts[0] + ' is not declared');
    if (parts.length === 1 || (holder[parts[0]] !== undefined && holder[parts[0]] !== null)) put(holder, parts, undefined);
  }

  function deepFreeze(root) {
    const pending = [root], seen = new SetClass();
    for (let i = 0; i < pending.length; i += 1) {
      const value = pending[i];
      if (i > FREEZE_OBJECTS_MAX) throw new RangeFault('too much session data');
      if (value === null || typeof value !== 'object' || seenHas(seen, value)) continue;
      seenAdd(seen, value);
      freeze(value);
      const names = getOwnPropertyNames(value);
      for (let n = 0; n < names.length; n += 1) push(pending, getOwnPropertyDescriptor(value, names[n]).value);
    }
  }

  function list(home, factory) {
    const array = compute(home, factory);
    if (!isArray(array)) throw new TypeFault('not an array');
    if (array.length > ARRAY_LENGTH_MAX) throw new RangeFault('an array of more than 10000 elements');
    const copy = [];
    for (let i = 0; i < array.length; i += 1) copy[i] = array[i];
    return copy;
  }

  function outline(home) {
    const seen = new SetClass(), layers = [];
    for (let at = home; at; at = at.parent) push(layers, at.vars);
    return stringify(layers, (key, value) => {
      if (value === undefined) return '\u2205';
      if (typeof value === 'function' || typeof value === 'symbol') return '\u0192';
      if (typeof value === 'number' && !finite(value)) return '#' + value;
      if (value === null || typeof value !== 'object') return value;
      if (seenHas(seen, value)) return '\u21ba';
      seenAdd(seen, value);
      return value;
    });
  }

  function describe(error) {
    if (!(error instanceof Fault)) return 'the script threw a value that is no Error';
    return clip(text(error.name) + ': ' + text(error.message), 0, 200);
  }

  return {
    scope,
    outline,
    describe,
    clear,
    list,
    evaluate: (home, factory) => exported(compute(home, factory)),
    perform: (home, factory) => { compute(home, factory); },
    truth: (home, factory) => (compute(home, factory) ? 'true' : ''),
    text: (home, factory) => {
      const value = compute(home, factory);
      if (value === undefined) return 'u';
      const written = text(value);
      if (written.length > EXPORT_CHARS_MAX) throw new RangeFault('more than 64 KB of text asked for');
      return 's' + written;
    },
    declare: (home, name, factory) => {
      if (factory !== undefined) home.vars[name] = compute(home, factory);
      else if (!own(home.vars, name)) home.vars[name] = undefined;
    },
    hoist: (home, name) => { if (!own(home.vars, name)) home.vars[name] = undefined; },
    setValue: (home, path, code) => { put(home.vars, split(path, '.'), imported(code)); },
    getValue: (home, path) => exported(look(home, path)),
    isDefined: (home, path) => (look(home, path) === undefined ? '' : 'true'),
    isDeclared: (home, name) => (home.find(name) === undefined ? '' : 'true'),
    freeze: (home) => { deepFreeze(home.vars); },
    lengthOf: (array) => array.length,
    bind: (array, index, home, name) => { home.vars[name] = array[index]; },
  };
})()`;
