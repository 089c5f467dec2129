/** An invariant that did not hold, by its number in the list of the house. */
export type Violation = { readonly invariant: string; readonly what: string };

export type Report = (invariant: string, what: string) => void;
