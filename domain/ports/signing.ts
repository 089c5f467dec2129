/** Signatures of what leaves the house, so that whoever holds the public key knows who made it. Ed25519. */
export interface Signer {
  /** 32 bytes as 64 hexadecimal digits: what is told to those who check. */
  readonly publicKey: string;
  /** 64 bytes as 128 hexadecimal digits. */
  sign(bytes: Uint8Array): string;
}

/** False for a wrong signature, and for a key or a signature that is none. */
export type CheckSignature = (claim: {
  readonly publicKey: string;
  readonly bytes: Uint8Array;
  readonly signature: string;
}) => boolean;
