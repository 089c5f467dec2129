/** Whether the log is still the one that earlier exports were made from: their links stand where they stood. */
import type { Finding } from "../../domain/audit/finding.ts";
import type { ChainAnchor } from "../../domain/ports/audit.ts";
import type { Delivered } from "../../domain/ports/event-log.ts";

export type AnchorCheck = {
  take(record: Delivered<"events">): readonly Finding[];
  /** Once every record was taken: anchors that no record stood for. */
  missed(): readonly Finding[];
};

/** `expires`: records may have gone by retention, and their anchors with them. */
export function createAnchorCheck(
  partition: number,
  anchors: readonly ChainAnchor[],
  expires: boolean,
): AnchorCheck {
  const waiting = new Map(
    anchors.flatMap((anchor) => (anchor.partition === partition ? [[anchor.offset, anchor.link]] : [])),
  );
  let first: number | null = null;

  return {
    take(record) {
      first ??= record.offset;
      const link = waiting.get(record.offset);
      if (link === undefined) return [];
      waiting.delete(record.offset);
      if (record.proof?.chain === link) return [];
      return [
        found(partition, record.offset, `the link is ${record.proof?.chain ?? "none"}, it was ${link}`),
      ];
    },
    missed: () =>
      [...waiting.keys()]
        .filter((offset) => !expires || (first !== null && offset >= first))
        .map((offset) => found(partition, offset, "the record is gone")),
  };
}

function found(partition: number, offset: number, detail: string): Finding {
  return { code: "anchor-differs", place: { topic: "events", partition, offset }, request: null, detail };
}
