import fc from "fast-check";
import { expect, test } from "vitest";
import { instant } from "../../domain/kernel/time.ts";
import {
  createUncitedCauses,
  foldCause,
  foldCitation,
  REMEMBERED_MAX,
  uncitedFor,
} from "../../projections/uncited-causes.ts";

const NOW = instant(1_000);
const LATER = instant(40_000);
const at = (offset: number, partition = 0) => ({ partition, offset });

test("a record that no event cites while a later one is cited is lost (I14)", () => {
  const view = createUncitedCauses();
  for (const offset of [4, 5, 6]) foldCause(view, at(offset), NOW);
  foldCitation(view, at(4));
  foldCitation(view, at(6));
  expect([...uncitedFor(view, LATER, 30_000)]).toEqual([{ partition: 0, offset: 5, is: "lost" }]);
});

test("one at the end of its partition may just wait for its owner", () => {
  const view = createUncitedCauses();
  foldCause(view, at(4), NOW);
  foldCause(view, at(9, 1), NOW);
  foldCitation(view, at(9, 1));
  expect([...uncitedFor(view, LATER, 30_000)]).toEqual([{ partition: 0, offset: 4, is: "waiting" }]);
  expect([...uncitedFor(view, instant(31_000), 30_000)]).toEqual([]);
});

test("however causes and citations are read side by side, what is cited is not reported, and the rest is", () => {
  const anyOrder = fc.uniqueArray(fc.nat(40), { maxLength: 30 }).chain((offsets) =>
    fc.record({
      offsets: fc.constant(offsets.toSorted((a, b) => a - b)),
      cited: fc.subarray(offsets),
      picks: fc.array(fc.boolean(), { minLength: 60, maxLength: 60 }),
    }),
  );
  fc.assert(
    fc.property(anyOrder, ({ offsets, cited, picks }) => {
      const view = createUncitedCauses();
      const causes = [...offsets];
      const citations = cited.toSorted((a, b) => a - b);
      for (const pick of [...picks, ...offsets.map(() => true), ...cited.map(() => false)]) {
        const next = (pick ? causes : citations).shift();
        if (next === undefined) continue;
        if (pick) foldCause(view, at(next), NOW);
        else foldCitation(view, at(next));
      }
      const reported = [...uncitedFor(view, LATER, 30_000)].map(({ offset }) => offset);
      expect(reported).toEqual(offsets.filter((offset) => !cited.includes(offset)));
    }),
  );
});

test(`of a partition that nobody owns ${REMEMBERED_MAX} causes are remembered, and the rest is counted`, () => {
  const view = createUncitedCauses();
  for (let offset = 0; offset < REMEMBERED_MAX + 5; offset += 1) foldCause(view, at(offset), NOW);
  expect(view.partitions.get(0)).toMatchObject({ givenUp: 5 });
  expect(view.partitions.get(0)?.waiting.size).toBe(REMEMBERED_MAX);
});
