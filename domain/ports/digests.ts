/** Hashes and comparisons, so that the domain names them without importing a crypto package. */
export interface Digests {
  sha256(bytes: Uint8Array): Uint8Array;
  hmacSha256(key: Uint8Array, bytes: Uint8Array): Uint8Array;
  /** Constant time over equal lengths; false at once for unequal ones. */
  equal(a: Uint8Array, b: Uint8Array): boolean;
  /** argon2id, memory 19456 KiB, 2 passes; PHC string. At most two at a time. */
  hashPassword(password: string): Promise<string>;
  /** False for a wrong password and for a hash that is none. */
  verifyPassword(password: string, phc: string): Promise<boolean>;
}
