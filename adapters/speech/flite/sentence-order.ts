/** What goes to a speech thread and what comes back. */
export type SentenceOrder = {
  readonly id: number;
  /** One of the list: any other name would make flite take its default, or look for a file. */
  readonly voice: string;
  readonly text: string;
  /** Duration as a factor: 1 / rate. */
  readonly stretch: number;
  readonly pitch: number;
  readonly gain: number;
};

export type SentenceAnswer =
  | { readonly id: number; readonly ok: true; readonly samples: Int16Array<SharedArrayBuffer> }
  | { readonly id: number; readonly ok: false; readonly why: string };
