/** What the trunk puts on the wire for a number: nothing is rewritten on the embedded trunk. */
export const dialled = (number: string): string => number;
