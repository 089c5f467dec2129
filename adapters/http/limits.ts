/** Every bound of the HTTP gateway, with its unit. */
export type HttpLimits = {
  readonly bodyBytesMax: number;
  /** For the header, and for the whole request with its body: a dripping client is cut off. */
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly connectionsMax: number;
  /** Of one address, trusted proxies excepted. */
  readonly connectionsPerAddressMax: number;
  readonly streamsPerSenderMax: number;
  /** A stream whose reader lags further behind is closed; it can resume by Last-Event-ID. */
  readonly streamUnsentBytesMax: number;
  /** A comment line after so much silence keeps proxies from closing a stream. */
  readonly streamHeartbeatMs: number;
  /** For calls under way when the gateway stops. */
  readonly closeTimeoutMs: number;
};

export const HTTP_LIMITS: HttpLimits = {
  bodyBytesMax: 262_144,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 10_000,
  connectionsMax: 2_000,
  connectionsPerAddressMax: 200,
  streamsPerSenderMax: 5,
  streamUnsentBytesMax: 1_048_576,
  streamHeartbeatMs: 15_000,
  closeTimeoutMs: 3_000,
};
