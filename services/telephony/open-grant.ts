import { type PhoneNumber, parsePhoneNumber } from "../../domain/kernel/phone-number.ts";
import type { Sealed } from "../../domain/kernel/sealed.ts";
import type { Keyring } from "../../domain/ports/keyring.ts";
import type { Grant } from "../../domain/server/offers.ts";

/** A grant and whom it is about, in clear. */
export type OpenedGrant = {
  readonly grant: Grant;
  /** Null: erased between offer and grant. */
  readonly to: PhoneNumber | null;
  readonly from: PhoneNumber | null;
};

/** Throws `KeyringUnavailableError` where the keys can't be looked up now: that is not "erased". */
export async function openGrant(grant: Grant, keyring: Pick<Keyring, "open">): Promise<OpenedGrant> {
  const open = async (sealed: Sealed | null): Promise<PhoneNumber | null> => {
    const text = sealed === null ? null : await keyring.open(sealed);
    return text === null ? null : parsePhoneNumber(text);
  };
  return { grant, to: await open(grant.to), from: await open(grant.from) };
}
