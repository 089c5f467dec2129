/** Every loop that a document can drive has an end (each can be set per installation). */
export type DialogLimits = {
  /** Transitions and turns of the form interpretation algorithm without a word or key from the caller. */
  readonly idleTurnsMax: number;
  readonly documentsMax: number;
  readonly subdialogDepthMax: number;
  /** Events thrown by handlers while they handle one. */
  readonly nestedEventsMax: number;
  readonly logLinesMax: number;
  readonly logCharactersMax: number;
  /** Of one value that leaves by exit or submit. */
  readonly exportCharactersMax: number;
  /** Of the text queued for one wait: about ten minutes of speech. */
  readonly queuedCharactersMax: number;
  readonly typeAheadDigitsMax: number;
  /** Elements of executable content run for one input: a foreach over foreach over foreach ends here. */
  readonly elementsPerStepMax: number;
};

export const DIALOG_LIMITS: DialogLimits = {
  idleTurnsMax: 1_000,
  documentsMax: 500,
  subdialogDepthMax: 20,
  nestedEventsMax: 20,
  logLinesMax: 200,
  logCharactersMax: 4_096,
  exportCharactersMax: 64 * 1024,
  queuedCharactersMax: 10_000,
  typeAheadDigitsMax: 64,
  elementsPerStepMax: 100_000,
};
