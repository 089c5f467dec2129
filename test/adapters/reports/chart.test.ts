import fc from "fast-check";
import { expect, test } from "vitest";
import { axisStep, chart, LABELS_MAX } from "../../../adapters/reports/chart.ts";

const data = {
  id: "chart-0",
  kind: "bars",
  title: "Calls by day",
  labels: ["2026-11-10", "2026-11-11"],
  series: [
    { name: "Completed", values: [3, 9] },
    { name: "Failed", values: [1, 0] },
  ],
} as const;

test("a chart has a role, a name, a description with its extremes, and a caption", () => {
  const { html } = chart(data);
  expect(html).toMatch(/^<figure/);
  expect(html).toContain('role="img"');
  expect(html).toContain('aria-labelledby="chart-0-title chart-0-desc"');
  expect(html).toContain('<title id="chart-0-title">Calls by day</title>');
  expect(html).toContain("Completed: lowest 3 (2026-11-10), highest 9 (2026-11-11), rising.");
});

test("names are text in a chart, never markup", () => {
  const { html } = chart({ ...data, labels: ["<script>", "</svg>"] });
  expect(html).not.toMatch(/<script>|<\/svg>.*<\/svg>.*<\/figure>.*<\/svg>/s);
  expect(html).toContain("&lt;script&gt;");
});

test("the axis has at most five steps of 1, 2 or 5 times a power of ten, and reaches the highest figure", () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-6, max: 1e12, noNaN: true }), (highest) => {
      const step = axisStep(highest);
      expect(step * 5).toBeGreaterThanOrEqual(highest * (1 - 1e-6));
      expect(["1", "2", "5"]).toContain(step.toExponential(0).slice(0, 1));
    }),
  );
});

test("every bar stays inside its drawing", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1_000_000), { minLength: 1, maxLength: 40 }), (values) => {
      const { html } = chart({ ...data, labels: values.map(String), series: [{ name: "x", values }] });
      for (const [, y = "", height = ""] of html.matchAll(
        /<rect class="s0" x="[^"]*" y="([^"]*)" width="[^"]*" height="([^"]*)"/g,
      )) {
        expect(Number(y)).toBeGreaterThanOrEqual(0);
        expect(Number(y) + Number(height)).toBeLessThanOrEqual(261);
      }
    }),
    { numRuns: 40 },
  );
});

test("without figures it is drawn all the same, and says so", () => {
  for (const kind of ["bars", "line"] as const) {
    const { html } = chart({ ...data, kind, labels: [], series: [{ name: "x", values: [] }] });
    expect(html).toContain("No figures in this period.");
    expect(html).not.toContain("NaN");
  }
});

test("beyond its limit a chart draws no further marks", () => {
  const values = Array.from({ length: LABELS_MAX + 50 }, () => 1);
  const { html } = chart({
    ...data,
    kind: "line",
    labels: values.map((_, at) => `d${at}`),
    series: [{ name: "x", values }],
  });
  expect([...html.matchAll(/<circle/g)]).toHaveLength(LABELS_MAX);
});
