/**
 * Passwords: slow hashes, rationed, and the minute's memory that makes them rare. What is remembered is an HMAC,
 * under a key of this process, over the Sender, the stored hash and the password: a changed password is
 * forgotten with its hash, and nothing here could be read out of a memory dump.
 */
import type { Credential, SenderRegistered } from "../domain/directory/messages.ts";
import { toHex } from "../domain/kernel/hex.ts";
import { parseSenderId } from "../domain/kernel/identifiers.ts";
import { MINUTE_MS, type Milliseconds, milliseconds } from "../domain/kernel/time.ts";
import type { Chance } from "../domain/ports/chance.ts";
import type { Clock } from "../domain/ports/clock.ts";
import type { Digests } from "../domain/ports/digests.ts";
import { type GateDirectory, type Judgement, proven, refused } from "../domain/security/prove.ts";

export const HASHES_AT_ONCE_MAX = 2;
export const HASHES_WAITING_MAX = 32;
export const PASSWORD_REMEMBERED_MS = MINUTE_MS;
export const PASSWORDS_REMEMBERED_MAX = 1_000;
export const PASSWORD_CHARACTERS_MAX = 256;
/** Passwords of one Sender that are tried: the old and the new one during a change. */
export const PASSWORDS_TRIED_MAX = 2;

/** What a guess costs its address: paid before the hash, returned when it was right. */
type Toll = { pay(): void; giveBack(): void };

export type PasswordCheck = { check(claimed: string, password: string, toll: Toll): Promise<Judgement> };

export type PasswordPorts = {
  readonly directory: GateDirectory;
  readonly digests: Digests;
  readonly clock: Clock;
  readonly chance: Pick<Chance, "bytes">;
};

type PasswordCredential = Extract<Credential, { mechanism: "password" }>;

export function createPasswordCheck({ directory, digests, clock, chance }: PasswordPorts): PasswordCheck {
  const memoryKey = chance.bytes(32);
  const remembered = new Map<string, Milliseconds>();
  const underWay = new Map<string, Promise<boolean | "overloaded">>();
  const ration = createRation(HASHES_AT_ONCE_MAX, HASHES_WAITING_MAX);
  let decoy: Promise<string> | null = null;

  function nameOf(claimed: string, phc: string, password: string): string {
    const text = JSON.stringify([claimed, phc, password]);
    return toHex(digests.hmacSha256(memoryKey, new TextEncoder().encode(text)));
  }

  function isRemembered(name: string): boolean {
    const until = remembered.get(name);
    if (until !== undefined && until > clock.monotonic()) return true;
    remembered.delete(name);
    return false;
  }

  function remember(name: string): void {
    remembered.set(name, milliseconds(clock.monotonic() + PASSWORD_REMEMBERED_MS));
    const [oldest] = remembered.keys();
    if (remembered.size > PASSWORDS_REMEMBERED_MAX && oldest !== undefined) remembered.delete(oldest);
  }

  async function hash(
    name: string,
    password: string,
    phc: string,
    toll: Toll,
  ): Promise<boolean | "overloaded"> {
    toll.pay();
    const verdict = await ration.run(() => digests.verifyPassword(password, phc));
    if (verdict !== false) toll.giveBack();
    if (verdict === true) remember(name);
    return verdict;
  }

  /** Equal attempts at the same time share one hash and one toll: a Sender's burst after our start is no attack. */
  async function verify(
    claimed: string,
    password: string,
    phc: string,
    toll: Toll,
  ): Promise<boolean | "overloaded"> {
    const name = nameOf(claimed, phc, password);
    if (isRemembered(name)) return true;
    const running = underWay.get(name) ?? hash(name, password, phc, toll);
    underWay.set(name, running);
    try {
      return await running;
    } finally {
      underWay.delete(name);
    }
  }

  /** A hash that nothing matches, made when it is first needed. */
  async function decoyHash(): Promise<string> {
    decoy ??= digests.hashPassword(toHex(chance.bytes(16)));
    try {
      return await decoy;
    } catch (error) {
      decoy = null;
      throw error;
    }
  }

  async function verifyInVain(claimed: string, password: string, toll: Toll): Promise<Judgement> {
    const verdict = await verify(claimed, password, await decoyHash(), toll);
    return verdict === "overloaded" ? OVERLOADED : WRONG;
  }

  return {
    async check(claimed, password, toll) {
      if (password.length > PASSWORD_CHARACTERS_MAX) return WRONG;
      const id = parseSenderId(claimed);
      const sender = id === null ? null : directory.senderOf(id);
      const stored = passwordsOf(sender);
      if (sender === null || stored.length === 0) return verifyInVain(claimed, password, toll);
      for (const { phc, keyId } of stored) {
        const verdict = await verify(claimed, password, phc, toll);
        if (verdict === "overloaded") return OVERLOADED;
        if (verdict) return proven(sender, keyId);
      }
      return WRONG;
    },
  };
}

const WRONG = refused("credentials-wrong");
const OVERLOADED = refused("too-many-attempts", 1);

function passwordsOf(sender: SenderRegistered | null): readonly PasswordCredential[] {
  const credentials = sender?.credentials ?? [];
  return credentials
    .filter((credential) => credential.mechanism === "password")
    .slice(0, PASSWORDS_TRIED_MAX);
}

type Ration = { run<T>(work: () => Promise<T>): Promise<T | "overloaded"> };

/** At most `atOnceMax` at a time and `waitingMax` in line; who comes later is told so at once. */
function createRation(atOnceMax: number, waitingMax: number): Ration {
  const waiting: (() => void)[] = [];
  let running = 0;
  return {
    async run(work) {
      if (running >= atOnceMax) {
        if (waiting.length >= waitingMax) return "overloaded";
        await new Promise<void>((resolve) => {
          waiting.push(resolve);
        });
      } else {
        running += 1;
      }
      try {
        return await work();
      } finally {
        // The place goes to the next in line, or becomes free.
        const next = waiting.shift();
        if (next === undefined) running -= 1;
        else next();
      }
    },
  };
}
