/** Programs of a few words, for tests in which it does not matter what is said. */

/** Says hello, is silent for so long ("4s", "200ms"), and ends the call. */
export function hello(silence: `${number}s` | `${number}ms` | null = null): string {
  const pause = silence === null ? "" : ` <break time="${silence}"/>`;
  return `<vxml xmlns="http://www.w3.org/2001/vxml" version="2.1"><form><block><prompt>Hello.${pause}</prompt></block></form></vxml>`;
}
