/** Makes of a prompt's text what the engine can speak: short pieces of plain characters. */

/** Of one prompt. */
export const TEXT_CHARS_MAX = 4_000;
/** Of one call of the engine: the first sentence sounds while the next is made. */
export const SENTENCE_CHARS_MAX = 300;
// A word of 400 letters gave half a minute of noise.
const WORD_CHARS_MAX = 40;

const SPELLED: readonly (readonly [RegExp, string])[] = [
  [/[\u2018\u2019\u201a]/g, "'"],
  [/[\u201c\u201d\u201e\u00ab\u00bb]/g, '"'],
  [/[\u2010-\u2015]/g, "-"],
  [/\u2026/g, "..."],
  [/\u20ac/g, " euros "],
  [/\u00a3/g, " pounds "],
  [/\u00df/g, "ss"],
  [/[\u00e6\u00c6]/g, "ae"],
  [/[\u0153\u0152]/g, "oe"],
  [/[\u00f8\u00d8]/g, "o"],
  [/[\u0142\u0141]/g, "l"],
];

/** Pieces in speaking order; none for text without a letter, digit or symbol. */
export function sentences(text: string): readonly string[] {
  const plain = plainText(text);
  return splitSentences(plain)
    .flatMap((sentence) => splitLong(sentence))
    .filter((piece) => /[\p{L}\p{N}\p{S}%&@#*]/u.test(piece));
}

/** The engine drops what it can't spell: true when that would be every letter of the text. */
export function isUnspeakable(text: string): boolean {
  return /\p{L}/u.test(text) && !/[a-z0-9]/i.test(plainText(text));
}

function plainText(text: string): string {
  let plain = text;
  for (const [pattern, replacement] of SPELLED) plain = plain.replace(pattern, replacement);
  return plain
    .normalize("NFKD")
    .replace(/\p{M}+/gu, "")
    .replace(/[^\x20-\x7e]+/g, " ")
    .replace(new RegExp(`\\S{${WORD_CHARS_MAX}}(?=\\S)`, "g"), "$& ")
    .replace(/ +/g, " ")
    .trim();
}

// A point after these is no end of a sentence.
const ABBREVIATION = /\b(?:Dr|Mr|Mrs|Ms|St|Jr|Sr|No|vs|etc|[A-Z])\.$/;

function splitSentences(text: string): readonly string[] {
  const found: string[] = [];
  let open = "";
  for (const piece of text.split(/(?<=[.!?]["')]?) (?=["'(]?[A-Z0-9$])/)) {
    open = open === "" ? piece : `${open} ${piece}`;
    if (ABBREVIATION.test(open)) continue;
    found.push(open);
    open = "";
  }
  return open === "" ? found : [...found, open];
}

/** At a comma or colon if there is one late enough, else at a space. */
function splitLong(sentence: string): readonly string[] {
  const pieces: string[] = [];
  let rest = sentence;
  while (rest.length > SENTENCE_CHARS_MAX) {
    const head = rest.slice(0, SENTENCE_CHARS_MAX);
    const pause = Math.max(head.lastIndexOf(", "), head.lastIndexOf("; "), head.lastIndexOf(": "));
    const cut = pause > SENTENCE_CHARS_MAX / 3 ? pause + 1 : head.lastIndexOf(" ");
    pieces.push(rest.slice(0, cut));
    rest = rest.slice(cut + 1);
  }
  return [...pieces, rest];
}
