import { describe, expect, test } from "vitest";
import { dtmfTone } from "../../../../adapters/telephony/audio/dtmf-tone.ts";
import { decodeG711, g711 } from "../../../../adapters/telephony/audio/g711.ts";
import { KEYS_WAITING_MAX } from "../../../../adapters/telephony/rtp/key-sender.ts";
import { newRtpView, type RtpView, readRtp } from "../../../../adapters/telephony/rtp/rtp-packet.ts";
import { createSendStream, type SendStream } from "../../../../adapters/telephony/rtp/send-stream.ts";
import type { PlayEnd } from "../../../../domain/ports/telephony.ts";
import { joined, signalToNoiseDb, sine } from "../../../support/audio.ts";
import { EVENTS } from "./rtp-bench.ts";

type Sent = RtpView & { readonly payload: Uint8Array };

function stream(events: number | null = EVENTS): SendStream {
  const made = createSendStream(() => 0xffff_fff0);
  made.format({ law: g711("PCMU"), payloadType: 0, events });
  return made;
}

function sent(made: SendStream, count: number): Sent[] {
  return Array.from({ length: count }, () => {
    const packet = made.next();
    const view = newRtpView();
    if (packet === null || readRtp(packet, view) !== null) throw new Error("a packet was expected");
    return { ...view, payload: packet.slice(view.payloadStart, view.payloadEnd) };
  });
}

function sound(packets: readonly Sent[]): Int16Array {
  return joined(packets.map(({ payload }) => decodeG711(g711("PCMU"), payload)));
}

describe("what we send", () => {
  test("is silence while there is nothing to say, numbered without a gap, around the ends of both circles", () => {
    const packets = sent(stream(), 40);
    expect(packets.every(({ payload }) => payload.every((code) => code === 0xff))).toBe(true);
    expect(packets.map(({ sequence }) => sequence)).toEqual(packets.map((_, i) => (0xfff0 + i) & 0xffff));
    expect(packets.map(({ timestamp }) => timestamp)).toEqual(
      packets.map((_, i) => (0xffff_fff0 + i * 160) >>> 0),
    );
  });

  test("marks the first packet of a prompt, and plays clips without a gap between them", () => {
    const made = stream();
    sent(made, 2);
    const said = sine({ hz: 500, ms: 100 });
    const ends: PlayEnd[] = [];
    const clips = [said.slice(0, 250), new Int16Array(0), said.slice(250, 251), said.slice(251)];
    made.play({ clips, stopOnDigit: false, onEnd: (end) => ends.push(end) });
    const packets = sent(made, 6);
    expect(packets.map(({ marker }) => marker)).toEqual([true, false, false, false, false, false]);
    expect(signalToNoiseDb(said, sound(packets))).toBeGreaterThan(35);
    expect(ends).toEqual([{ why: "finished", playedMs: 100 }]);
  });

  test("a prompt ends once, and says how much of it went out", () => {
    const made = stream();
    const ends: PlayEnd[] = [];
    const play = (stopOnDigit: boolean): void => {
      made.play({ clips: [sine({ hz: 500, ms: 1_000 })], stopOnDigit, onEnd: (end) => ends.push(end) });
    };
    play(false);
    sent(made, 3);
    made.onKey();
    play(true);
    sent(made, 2);
    made.onKey();
    made.onKey();
    play(true);
    made.stop("stopped");
    play(true);
    made.close();
    expect(ends).toEqual([
      { why: "stopped", playedMs: 60 },
      { why: "digit", playedMs: 40 },
      { why: "stopped", playedMs: 0 },
      { why: "hangup", playedMs: 0 },
    ]);
  });

  test("a prompt of nothing is finished at once", () => {
    const ends: PlayEnd[] = [];
    stream().play({ clips: [new Int16Array(0)], stopOnDigit: true, onEnd: (end) => ends.push(end) });
    expect(ends).toEqual([{ why: "finished", playedMs: 0 }]);
  });

  test("a key is 100 ms of event under one timestamp, its end three times, then 100 ms of nothing", () => {
    const made = stream();
    let done = 0;
    made.press(["7", "#"], () => {
      done += 1;
    });
    const packets = sent(made, 20);
    const keys = packets.filter(({ payloadType }) => payloadType === EVENTS);
    const [seven, hash] = [keys.slice(0, 7), keys.slice(7)];
    expect(seven.map(({ payload }) => [...payload])).toEqual([
      [7, 10, 0, 160],
      [7, 10, 1, 64],
      [7, 10, 1, 224],
      [7, 10, 2, 128],
      ...Array.from({ length: 3 }, () => [7, 0x80 | 10, 3, 32]),
    ]);
    expect(seven.map(({ marker }) => marker)).toEqual([true, ...Array<boolean>(6).fill(false)]);
    expect(new Set(seven.map(({ timestamp }) => timestamp))).toEqual(new Set([0xffff_fff0]));
    expect(new Set(hash.map(({ timestamp }) => timestamp))).toEqual(new Set([(0xffff_fff0 + 1_600) >>> 0]));
    expect(hash[0]?.payload[0]).toBe(11);
    expect(done).toBe(1);
    // The clock of the audio runs on behind the keys.
    expect(sent(made, 1)[0]?.timestamp).toBe((0xffff_fff0 + 20 * 160) >>> 0);
  });

  test("a prompt waits while keys are sent, and goes on where it was", () => {
    const made = stream();
    const said = sine({ hz: 500, ms: 80 });
    made.play({ clips: [said], stopOnDigit: false, onEnd: () => undefined });
    const before = sent(made, 2);
    made.press(["1"], () => undefined);
    sent(made, 10);
    expect(signalToNoiseDb(said, sound([...before, ...sent(made, 2)]))).toBeGreaterThan(35);
  });

  test("keys go out as tones where the peer takes no events", () => {
    const made = stream(null);
    made.press(["5"], () => undefined);
    const packets = sent(made, 10);
    expect(packets.every(({ payloadType }) => payloadType === 0)).toBe(true);
    expect(signalToNoiseDb(dtmfTone("5"), sound(packets.slice(0, 5)))).toBeGreaterThan(35);
    expect(sound(packets.slice(5)).every((sample) => sample === 0)).toBe(true);
  });

  test("more than 128 waiting keys are refused, and a hang-up ends the wait for all", () => {
    const made = stream();
    let done = 0;
    const onSent = (): void => {
      done += 1;
    };
    expect(made.press(Array(KEYS_WAITING_MAX).fill("1"), onSent)).toBe(true);
    expect(made.press(["2"], onSent)).toBe(false);
    made.close();
    expect(done).toBe(1);
    expect(made.press(["2"], onSent)).toBe(true);
  });

  test("frames that were skipped move the timestamp, not the sequence, nor the prompt", () => {
    const made = stream();
    const said = sine({ hz: 500, ms: 40 });
    made.play({ clips: [said], stopOnDigit: false, onEnd: () => undefined });
    const [first] = sent(made, 1);
    made.skip(7);
    const [second] = sent(made, 1);
    if (first === undefined || second === undefined) throw new Error("two packets were sent");
    expect((second.timestamp - first.timestamp) >>> 0).toBe(8 * 160);
    expect((second.sequence - first.sequence) & 0xffff).toBe(1);
    expect(signalToNoiseDb(said, sound([first, second]))).toBeGreaterThan(35);
  });

  test("frames that are skipped in the middle of a key leave it one key", () => {
    const made = stream();
    made.press(["9"], () => undefined);
    const before = sent(made, 2);
    made.skip(7);
    const events = [...before, ...sent(made, 5)];
    expect(new Set(events.map(({ timestamp }) => timestamp))).toEqual(new Set([0xffff_fff0]));
    expect(sent(made, 1)[0]?.timestamp).toBe((0xffff_fff0 + 14 * 160) >>> 0);
  });

  test("the bytes of a packet stay as they are while three more are made", () => {
    const made = stream();
    const first = made.next();
    const copy = first?.slice();
    sent(made, 3);
    expect(first).toEqual(copy);
  });
});
