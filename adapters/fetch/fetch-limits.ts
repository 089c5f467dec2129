import type { FetchPurpose } from "../../domain/ports/fetcher.ts";

export type FetchLimits = {
  readonly connectMsMax: number;
  readonly headersMsMax: number;
  readonly silenceMsMax: number;
  /** Of the whole exchange with its redirects; a request may ask for less. */
  readonly totalMsMax: number;
  readonly redirectsMax: number;
  /** At once for one Sender; further ones wait, within their own time. */
  readonly perSenderMax: number;
  readonly waitingPerSenderMax: number;
  /** Of a response's body. */
  readonly bytesMax: Readonly<Record<FetchPurpose, number>>;
  readonly cacheBytesMax: number;
};

const KIB = 1_024;

export const FETCH_LIMITS: FetchLimits = {
  connectMsMax: 3_000,
  headersMsMax: 10_000,
  silenceMsMax: 5_000,
  totalMsMax: 10_000,
  redirectsMax: 5,
  perSenderMax: 8,
  waitingPerSenderMax: 64,
  bytesMax: {
    document: 256 * KIB,
    grammar: 256 * KIB,
    script: 64 * KIB,
    audio: 10 * KIB * KIB,
    data: 256 * KIB,
    submit: 256 * KIB,
    webhook: 64 * KIB,
  },
  cacheBytesMax: 64 * KIB * KIB,
};
