/** `Idempotency-Key` as in draft-ietf-httpapi-idempotency-key-header-07: a Structured Field string. */

export type IdempotencyKey =
  | { readonly ok: true; readonly key: string | null }
  | { readonly ok: false; readonly detail: string };

const IDEMPOTENCY_KEY_CHARACTERS_MAX = 128;

// RFC 8941 section 3.3.3: printable ASCII in quotes, with \" and \\ as the only escapes.
const QUOTED = /^"((?:[ !#-[\]-~]|\\["\\])*)"$/;
// Most clients send it without quotes; so it is taken, as long as nobody could read it as something else.
const BARE = /^[!#-[\]-~]+$/;

/** `rawHeaders` as Node hands them over: name, value, name, value. Joined headers would hide a second one. */
export function readIdempotencyKey(rawHeaders: readonly string[]): IdempotencyKey {
  const values = rawHeaders.filter(
    (_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === "idempotency-key",
  );
  const [value, ...more] = values;
  if (value === undefined) return { ok: true, key: null };
  if (more.length > 0) return { ok: false, detail: "the header stands more than once; send it once" };
  const key = QUOTED.exec(value)?.[1]?.replaceAll(/\\(["\\])/g, "$1") ?? (BARE.test(value) ? value : "");
  if (key.length >= 1 && key.length <= IDEMPOTENCY_KEY_CHARACTERS_MAX) return { ok: true, key };
  return {
    ok: false,
    detail: `the key must be 1 to ${IDEMPOTENCY_KEY_CHARACTERS_MAX} printable ASCII characters, best in double quotes`,
  };
}
