/** For tests and the simulator: real cryptography, nothing on disk, and the same texts for the same bytes. */
import { createSecretKey, randomBytes } from "node:crypto";
import type { Sealed } from "../../domain/kernel/sealed.ts";
import type { Instant } from "../../domain/kernel/time.ts";
import type { Keyring } from "../../domain/ports/keyring.ts";
import { IV_BYTES, KEY_BYTES } from "./cipher.ts";
import { type DataKey, keyIdOf, monthOf, openText, pseudonymOf, sealText } from "./sealed-text.ts";

const KEY_ID_BYTES = 16;

export type MemoryKeyringOptions = {
  /** Tests that compare pseudonyms give one; else all memory keyrings have the same. */
  readonly tenantKey?: Uint8Array;
  /** Where keys and nonces come from; the simulator's die makes a run repeatable. */
  readonly bytes?: (count: number) => Uint8Array;
};

export function createMemoryKeyring(options: MemoryKeyringOptions = {}): Keyring {
  const { tenantKey = new Uint8Array(KEY_BYTES), bytes = randomBytes } = options;
  const tenant = createSecretKey(tenantKey);
  const byMonth = new Map<string, DataKey>();
  const byId = new Map<string, DataKey>();

  function keyOf(subject: string, month: string): DataKey {
    const known = byMonth.get(`${subject}/${month}`);
    if (known !== undefined) return known;
    const id = Buffer.from(bytes(KEY_ID_BYTES)).toString("base64url");
    const made = { id, subject, key: createSecretKey(bytes(KEY_BYTES)) };
    byMonth.set(`${subject}/${month}`, made);
    byId.set(id, made);
    return made;
  }

  async function seal(subject: string, at: Instant, plaintext: string): Promise<Sealed> {
    await Promise.resolve();
    return sealText(keyOf(subject, monthOf(at)), bytes(IV_BYTES), plaintext);
  }

  function openNow(sealed: Sealed): string | null {
    const key = byId.get(keyIdOf(sealed));
    return key === undefined ? null : openText(key, sealed);
  }

  return {
    pseudonym: (number) => pseudonymOf(tenant, number),
    seal,
    sealForLog: seal,
    open: async (sealed) => openNow(sealed),
    openNow,
    arrived: () => Promise.resolve(),
    async erase(subject) {
      await Promise.resolve();
      const gone = [...byMonth].filter(([, key]) => key.subject === subject);
      for (const [month, { id }] of gone) {
        byMonth.delete(month);
        byId.delete(id);
      }
      return gone.length;
    },
    close: () => Promise.resolve(),
  };
}
