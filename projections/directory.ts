/** Accounts, preferences and rules in force: the newest record of each key on `directory`. */
import { HOLD_KEY, type Hold } from "../domain/directory/hold.ts";
import type {
  CustomerPreferencesSet,
  DirectoryMessage,
  ReceiverRulesSet,
  SenderRegistered,
} from "../domain/directory/messages.ts";
import type { CustomerKey, SenderId } from "../domain/kernel/identifiers.ts";

export type Directory = {
  readonly senders: Map<string, SenderRegistered>;
  readonly customers: Map<string, CustomerPreferencesSet>;
  rules: ReceiverRulesSet | null;
  /** Declared or lifted; null: there never was one. */
  hold: Hold | null;
};

export function createDirectory(): Directory {
  return { senders: new Map(), customers: new Map(), rules: null, hold: null };
}

/** Keys of `directory` records: what is in force is decided by them. */
export function directoryKey(message: DirectoryMessage): string {
  switch (message.type) {
    case "SenderRegistered":
      return `sender:${message.sender}`;
    case "CustomerPreferencesSet":
      return customerRecordKey(message.customer);
    case "ReceiverRulesSet":
      return "receiver";
    case "HoldDeclared":
    case "HoldLifted":
      return HOLD_KEY;
    default:
      return message satisfies never;
  }
}

export function customerRecordKey(customer: CustomerKey): string {
  return `customer:${customer}`;
}

/** Folds one record into the view, in place: the view is large, and its owner is one follower. */
export function foldDirectory(view: Directory, key: string, message: DirectoryMessage | null): void {
  if (message === null) {
    view.senders.delete(key.replace(/^sender:/, ""));
    view.customers.delete(key.replace(/^customer:/, ""));
    if (key === "receiver") view.rules = null;
    if (key === HOLD_KEY) view.hold = null;
    return;
  }
  switch (message.type) {
    case "SenderRegistered":
      view.senders.set(message.sender, message);
      return;
    case "CustomerPreferencesSet":
      view.customers.set(message.customer, message);
      return;
    case "ReceiverRulesSet":
      view.rules = message;
      return;
    case "HoldDeclared":
    case "HoldLifted":
      view.hold = message;
      return;
    default:
  }
}

export function senderOf(view: Directory, sender: SenderId): SenderRegistered | null {
  return view.senders.get(sender) ?? null;
}

export function preferencesOf(view: Directory, customer: CustomerKey): CustomerPreferencesSet | null {
  return view.customers.get(customer) ?? null;
}

/** The account that owns a key id, for signatures and API keys. Accounts are few: a scan is cheaper than an index. */
export function senderByKeyId(view: Directory, keyId: string): SenderRegistered | null {
  for (const sender of view.senders.values()) {
    if (sender.credentials.some((credential) => credential.keyId === keyId)) return sender;
  }
  return null;
}
