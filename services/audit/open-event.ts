/** An event with its personal fields in clear, for an auditor whom the operator has handed the keys. */
import type { Sealed } from "../../domain/kernel/sealed.ts";
import type { RequestEvent } from "../../domain/request/events.ts";

/** What stands in place of a text whose key is gone. */
const ERASED = "(erased)";

type Open = (sealed: Sealed) => Promise<string | null>;

export async function openEvent(event: RequestEvent, open: Open): Promise<RequestEvent> {
  const text = async (sealed: Sealed): Promise<Sealed> => ((await open(sealed)) ?? ERASED) as Sealed;
  const textOrNull = async (sealed: Sealed | null): Promise<Sealed | null> =>
    sealed === null ? null : text(sealed);
  switch (event.type) {
    case "RequestReceived": {
      const { terms } = event;
      const { document } = terms;
      return {
        ...event,
        terms: {
          ...terms,
          to: await text(terms.to),
          from: await textOrNull(terms.from),
          userData: await textOrNull(terms.userData),
          document:
            document.kind === "inline" ? { ...document, sealed: await text(document.sealed) } : document,
        },
      };
    }
    case "InputCollected":
      return { ...event, value: await text(event.value) };
    case "TransferStarted":
      return { ...event, destination: await text(event.destination) };
    case "CallCompleted":
      return { ...event, exit: await textOrNull(event.exit) };
    default:
      return event;
  }
}
