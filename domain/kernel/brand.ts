declare const brand: unique symbol;

/** A primitive that only its own parser may make: what can be confused is told apart by the compiler. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
