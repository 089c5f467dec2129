/** Everything that the media thread throws away or puts right has a name here, and a place in shared memory. */
export const MEDIA_COUNTERS = [
  "foreign-source",
  "bad-length",
  "bad-version",
  "bad-shape",
  "unknown-payload",
  "foreign-ssrc",
  "probation",
  "duplicate",
  "bad-sequence",
  "excess-rate",
  "late",
  "bad-event",
  "key-end-lost",
  "key-repeated",
  "bad-rtcp",
  "socket-error",
  "send-failed",
  "frames-skipped",
  "bad-order",
] as const;

export type MediaCounter = (typeof MEDIA_COUNTERS)[number];
