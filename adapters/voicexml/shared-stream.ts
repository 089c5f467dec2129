/** One producer, many readers, each from the beginning: how callers that want the same prompt share one synthesis. */
export type SharedStream<T> = {
  read(): AsyncIterable<T>;
  /** Resolves at the end, whether it came well or not. */
  readonly ended: Promise<void>;
};

export function shareStream<T>(source: AsyncIterable<T>): SharedStream<T> {
  const pieces: T[] = [];
  let wake = Promise.withResolvers<void>();
  let state: { readonly over: boolean; readonly error: Error | null } = { over: false, error: null };
  const step = (): void => {
    const previous = wake;
    wake = Promise.withResolvers<void>();
    previous.resolve();
  };
  const pump = async (): Promise<void> => {
    try {
      for await (const piece of source) {
        pieces.push(piece);
        step();
      }
      state = { over: true, error: null };
    } catch (error) {
      state = { over: true, error: error instanceof Error ? error : new Error(String(error)) };
    }
    step();
  };
  return {
    ended: pump(),
    async *read() {
      for (let index = 0; ; index += 1) {
        while (index >= pieces.length && !state.over) await wake.promise;
        const piece = pieces[index];
        if (piece === undefined) {
          if (state.error !== null) throw state.error;
          return;
        }
        yield piece;
      }
    },
  };
}
