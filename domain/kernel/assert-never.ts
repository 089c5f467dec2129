/** Ends an exhaustive switch: the compiler proves that it is never reached, and it throws where data lied. */
export function assertNever(value: never): never {
  throw new Error(`unexpected ${JSON.stringify(value)}: a case is missing where this was thrown`);
}
