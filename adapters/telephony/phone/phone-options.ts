import type { Clock } from "../../../domain/ports/clock.ts";
import type { OperatorLog } from "../../../domain/ports/operator-log.ts";
import type { AudioClip, Playing } from "../../../domain/ports/telephony.ts";
import type { PortRange } from "../rtp/port-pool.ts";
import type { SipAddress, SipTarget } from "../sip/signalling.ts";
import type { PhoneEvent } from "./phone-event.ts";
import type { PhoneStep } from "./phone-script.ts";

/** What the telephone does when it is called. */
export type PickUp =
  | { readonly how: "answer" /** Since the first ring. */; readonly afterMs: number }
  | { readonly how: "by-hand" /** Rings until `answer()` or `hangUp()`. */ }
  | { readonly how: "no-answer" /** Rings until the caller gives up. */ }
  | { readonly how: "busy" }
  | { readonly how: "decline" /** 400 … 699. */; readonly sipCode: number };

export type PhoneOptions = {
  /** A literal address of this machine. */
  readonly listenAddress: string;
  /** 0: any free one; `phone.address` tells. */
  readonly listenPort: number;
  /** Addresses and blocks it talks with, nobody else is heard. */
  readonly network: readonly string[];
  readonly rtpPorts: PortRange;
  /** Its number or name, in Contact and From. */
  readonly user: string;
  readonly pickUp: PickUp;
  /** Done anew in each call. */
  readonly script: readonly PhoneStep[];
  /** Since the answer; null: never by itself. */
  readonly hangUpAfterMs: number | null;
  /** WAV file (8 kHz, mono, 16 bits) of what it hears; of the second call `name-2.wav`, and so on. Null: none. */
  readonly recordTo: string | null;
  readonly onEvent: (event: PhoneEvent) => void;
  readonly clock: Clock;
  readonly log: OperatorLog;
};

/** One call at a time; whoever calls meanwhile finds it busy. Verbs that need a call do nothing without one. */
export interface Phone {
  readonly address: SipAddress;
  /** Picks up a ringing telephone. */
  answer(): void;
  /** Ends the call, or declines (603) or cancels one that still rings. */
  hangUp(): void;
  /** `0-9*#A-D`. Resolves when the last one is sent. Throws RangeError for anything else. */
  press(keys: string): Promise<void>;
  /** Speaks. Null without a call. */
  say(clips: readonly AudioClip[]): Playing | null;
  /** True once a prompt was heard, since the answer or the last key, and is over for so long; false: no call any more. */
  waitForSilence(quietMs: number): Promise<boolean>;
  /** Calls; true when it was answered. Throws when the telephone is in use or the target is outside `network`. */
  call(target: SipTarget): Promise<boolean>;
  /** Hangs up and lets go of everything. */
  close(): Promise<void>;
}
