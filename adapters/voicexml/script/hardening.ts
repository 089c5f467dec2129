/**
 * Takes away, inside the engine, what a document may not have, and bounds what it may. Runs last, once per realm.
 *
 * The engine looks at its deadline between bytecodes only, so one native call on a huge string or a sparse array of
 * four billion elements would run on for minutes. Hence three means: natives outside ES2019 are removed; those that
 * loop are called through a wrapper that refuses big inputs; those that loop over an iterator or a replacer are
 * given bytecode to run at every turn. What remains are operators, which nobody can wrap: two equal texts of a
 * thousand million characters compared, or a text of a hundred thousand digits taken for a number, run on for a
 * second or more. For these the thread's watchdog stands by. Without `constructor` on the four kinds of function nobody reaches a compiler
 * that works in the global scope.
 */
export const HARDENING = String.raw`(function () {
  'use strict';
  const { apply, construct, ownKeys } = Reflect;
  const { defineProperty, getPrototypeOf, getOwnPropertyDescriptor } = Object;
  const world = globalThis;
  const LENGTH_MAX = 10000, TEXT_MAX = 65536, SEARCH_MAX = 4e6, COLLATE_MAX = 2000, PATTERN_MAX = 4096, JSON_MAX = 262144, ADDRESS_MAX = 8192;
  const str = String, TooBig = RangeError, BadType = TypeError, { isArray } = Array;
  const refuse = (what) => { throw new TooBig(what + ' is more than a script may handle'); };
  const within = (text, max) => (text.length > max ? refuse('a text of ' + text.length + ' characters') : text);
  const replace = (object, name, value) =>
    defineProperty(object, name, { value, writable: true, enumerable: false, configurable: true });
  const keepOnly = (object, names) => {
    for (const key of ownKeys(object)) if (typeof key === 'string' && !names.includes(key)) delete object[key];
  };

  // Array methods, also when called on things that are merely like an array.
  const arrays = Array.prototype;
  keepOnly(arrays, ['constructor', 'length', 'concat', 'copyWithin', 'entries', 'every', 'fill', 'filter', 'find',
    'findIndex', 'forEach', 'includes', 'indexOf', 'join', 'keys', 'lastIndexOf', 'map', 'pop', 'push', 'reduce',
    'reduceRight', 'reverse', 'shift', 'slice', 'some', 'sort', 'splice', 'toLocaleString', 'toString', 'unshift', 'values']);
  // A length that is computed could be short when we look and endless when the native looks.
  const short = (thing) => {
    if (thing === null || (typeof thing !== 'object' && typeof thing !== 'function')) {
      if (typeof thing === 'string') within(thing, LENGTH_MAX);
      return;
    }
    const own = getOwnPropertyDescriptor(thing, 'length');
    const plain = own === undefined ? thing.length === undefined && !('length' in thing) : typeof own.value === 'number';
    if (!plain || (own !== undefined && own.value > LENGTH_MAX)) refuse('a long array');
  };
  for (const name of ownKeys(arrays)) {
    const native = arrays[name];
    if (typeof native !== 'function' || name === 'constructor') continue;
    const method = { [name](...args) {
      short(this);
      if (name === 'concat') for (let i = 0; i < args.length; i += 1) short(args[i]);
      return apply(native, this, args);
    } }[name];
    replace(arrays, name, method);
  }
  const flatten = (from, depth, into) => {
    for (let i = 0; i < from.length; i += 1) {
      if (isArray(from[i]) && depth > 0) flatten(from[i], depth - 1, into);
      else if (into.length >= LENGTH_MAX) refuse('a long array');
      else into[into.length] = from[i];
    }
    return into;
  };
  replace(arrays, 'flat', { flat(depth = 1) { short(this); return flatten(this, +depth, []); } }.flat);
  replace(arrays, 'flatMap', { flatMap(fn, self) { return flatten(this.map(fn, self), 1, []); } }.flatMap);
  keepOnly(Array, ['length', 'name', 'prototype', 'isArray', 'of', 'from']);
  replace(Array, 'from', { from(source, fn, self) {
    const made = [];
    const add = (value) => {
      if (made.length >= LENGTH_MAX) refuse('a long array');
      made[made.length] = fn === undefined ? value : apply(fn, self, [value, made.length]);
    };
    if (source[Symbol.iterator] !== undefined) for (const value of source) add(value);
    else for (let i = 0; i < source.length; i += 1) add(source[i]);
    return made;
  } }.from);

  // String methods: the text itself, then what is searched for in it.
  const strings = String.prototype;
  keepOnly(strings, ['constructor', 'length', 'charAt', 'charCodeAt', 'codePointAt', 'concat', 'endsWith', 'includes',
    'indexOf', 'lastIndexOf', 'localeCompare', 'match', 'normalize', 'padEnd', 'padStart', 'repeat', 'replace', 'search',
    'slice', 'split', 'startsWith', 'substr', 'substring', 'toLocaleLowerCase', 'toLocaleUpperCase', 'toLowerCase',
    'toString', 'toUpperCase', 'trim', 'trimEnd', 'trimLeft', 'trimRight', 'trimStart', 'valueOf']);
  const searching = ['indexOf', 'lastIndexOf', 'includes', 'split', 'replace', 'endsWith', 'startsWith'];
  const collating = ['localeCompare', 'normalize'];
  const growing = { repeat: (text, n) => text.length * n, padEnd: (text, n) => n, padStart: (text, n) => n };
  const untouched = ['constructor', 'toString', 'valueOf', 'charAt', 'charCodeAt', 'codePointAt'];
  for (const name of ownKeys(strings)) {
    const native = strings[name];
    if (typeof native !== 'function' || untouched.includes(name)) continue;
    const limit = collating.includes(name) ? COLLATE_MAX : TEXT_MAX;
    const searches = searching.includes(name), grows = growing[name], collates = collating.includes(name);
    const method = { [name](...args) {
      if (this === undefined || this === null) throw new BadType('no text');
      const text = within(str(this), limit);
      if (searches && args.length > 0 && (typeof args[0] !== 'object' || args[0] === null)) {
        args[0] = str(args[0]);
        if (text.length * args[0].length > SEARCH_MAX) refuse('such a search');
      }
      if (collates && args.length > 0) args[0] = within(str(args[0]), COLLATE_MAX);
      if (grows !== undefined) { args[0] = +args[0]; if (grows(text, args[0]) > TEXT_MAX) refuse('such a text'); }
      return apply(native, text, args);
    } }[name];
    replace(strings, name, method);
  }
  keepOnly(String, ['length', 'name', 'prototype', 'fromCharCode', 'fromCodePoint']);

  // Regular expressions: the engine interrupts a match, but not the making of a long pattern.
  const RealRegExp = RegExp, patterns = RegExp.prototype;
  delete patterns.compile;
  function BoundedRegExp(pattern, flags) {
    const source = pattern instanceof RealRegExp ? pattern.source : pattern === undefined ? '' : str(pattern);
    const mode = flags === undefined ? (pattern instanceof RealRegExp ? pattern.flags : '') : flags;
    return construct(RealRegExp, [within(source, PATTERN_MAX), mode], new.target === undefined ? BoundedRegExp : new.target);
  }
  defineProperty(BoundedRegExp, 'prototype', { value: patterns });
  defineProperty(BoundedRegExp, 'name', { value: 'RegExp' });
  replace(patterns, 'constructor', BoundedRegExp);
  for (const name of ['exec', 'test', Symbol.match, Symbol.replace, Symbol.search, Symbol.split]) {
    const native = patterns[name];
    replace(patterns, name, { method(...args) {
      args[0] = within(str(args[0]), TEXT_MAX);
      return apply(native, this, args);
    } }.method);
  }
  delete patterns[Symbol.matchAll];
  replace(world, 'RegExp', BoundedRegExp);

  // Collections: filled by bytecode, so that an endless iterator meets the deadline.
  const refill = (Real, methods, add) => {
    keepOnly(Real.prototype, methods);
    const Made = { [Real.name]: function (source) {
      if (new.target === undefined) throw new BadType('use new');
      const made = construct(Real, [], new.target);
      if (source !== undefined && source !== null) for (const entry of source) add(made, entry);
      return made;
    } }[Real.name];
    defineProperty(Made, 'prototype', { value: Real.prototype });
    replace(Real.prototype, 'constructor', Made);
    replace(world, Real.name, Made);
  };
  const setAdd = Set.prototype.add, mapSet = Map.prototype.set;
  refill(Set, ['constructor', 'add', 'has', 'delete', 'clear', 'size', 'forEach', 'values', 'keys', 'entries'],
    (made, entry) => apply(setAdd, made, [entry]));
  refill(Map, ['constructor', 'get', 'set', 'has', 'delete', 'clear', 'size', 'forEach', 'values', 'keys', 'entries'],
    (made, entry) => apply(mapSet, made, [entry[0], entry[1]]));
  keepOnly(getPrototypeOf(getPrototypeOf([][Symbol.iterator]())), []);

  // JSON: a replacer of ours runs at every member; a list of names must be short.
  const { parse, stringify } = JSON;
  replace(JSON, 'parse', { parse(text, reviver) { return parse(within(str(text), JSON_MAX), reviver); } }.parse);
  replace(JSON, 'stringify', { stringify(value, pick, space) {
    if (isArray(pick)) short(pick);
    return stringify(value, typeof pick === 'function' || isArray(pick) ? pick : (key, member) => member, space);
  } }.stringify);
  for (const name of ['parseInt', 'parseFloat', 'escape', 'unescape', 'encodeURI', 'encodeURIComponent', 'decodeURI', 'decodeURIComponent']) {
    // Nearly two microseconds a character: an address is short.
    const native = world[name];
    replace(world, name, { [name](text, radix) { return native(within(str(text), ADDRESS_MAX), radix); } }[name]);
  }
  keepOnly(Object, ['length', 'name', 'prototype', 'assign', 'create', 'defineProperties', 'defineProperty', 'entries',
    'freeze', 'fromEntries', 'getOwnPropertyDescriptor', 'getOwnPropertyDescriptors', 'getOwnPropertyNames',
    'getOwnPropertySymbols', 'getPrototypeOf', 'is', 'isExtensible', 'isFrozen', 'isSealed', 'keys',
    'preventExtensions', 'seal', 'setPrototypeOf', 'values']);
  keepOnly(Error, ['length', 'name', 'prototype']);
  // Every bind lengthens the name: a chain of them costs its square.
  const nativeBind = Function.prototype.bind;
  replace(Function.prototype, 'bind', { bind(...args) {
    within(str(this.name), 1000);
    return apply(nativeBind, this, args);
  } }.bind);
  keepOnly(Function.prototype, ['length', 'name', 'constructor', 'apply', 'bind', 'call', 'toString']);

  // No way from a value to a compiler.
  const kinds = [function () {}, function* () {}, async function () {}, async function* () {}];
  for (const kind of kinds) {
    defineProperty(getPrototypeOf(kind), 'constructor', { value: undefined, writable: false, configurable: false });
  }
  const promises = getPrototypeOf((async function () {})());
  for (const key of ownKeys(promises)) delete promises[key];

  const KEPT = ['Math', 'JSON', 'Date', 'String', 'Number', 'Boolean', 'Array', 'Object', 'RegExp', 'Map', 'Set', 'Symbol',
    'Error', 'EvalError', 'RangeError', 'ReferenceError', 'SyntaxError', 'TypeError', 'URIError', 'parseInt', 'parseFloat',
    'isNaN', 'isFinite', 'undefined', 'NaN', 'Infinity', 'encodeURI', 'encodeURIComponent', 'decodeURI',
    'decodeURIComponent', 'escape', 'unescape'];
  for (const key of ownKeys(world)) {
    if (!KEPT.includes(key)) delete world[key];
    else if (getOwnPropertyDescriptor(world, key).configurable) {
      defineProperty(world, key, { writable: false, configurable: false });
    }
  }
  Object.setPrototypeOf(world, null);
  Object.preventExtensions(world);
})()`;
