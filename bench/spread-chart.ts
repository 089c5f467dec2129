/** Lines over ages of reports as an SVG, with nothing but text: read in the docs, in light and dark. */

export type ChartLine = {
  readonly name: string;
  readonly colour: string;
  readonly values: readonly number[];
};

export type Panel = {
  readonly title: string;
  /** Named in words; the lines are values at these. */
  readonly at: readonly string[];
  readonly lines: readonly ChartLine[];
};

const WIDTH = 420;
const HEIGHT = 300;
const LEFT = 56;
const TOP = 44;
const RIGHT = 16;
const BOTTOM = 72;
const GRID_LINES = 4;
const STEPS = [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1_000, 2_000];

/** The smallest round step of which `GRID_LINES` reach the highest value. */
function stepFor(highest: number): number {
  return STEPS.find((step) => step * GRID_LINES >= highest) ?? highest / GRID_LINES;
}

export function chartOf(panels: readonly Panel[], note: string): string {
  const drawn = panels.map(
    (panel, index) => `<g transform="translate(${index * WIDTH} 0)">${draw(panel)}</g>`,
  );
  const size = `width="${panels.length * WIDTH}" height="${HEIGHT}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} viewBox="0 0 ${panels.length * WIDTH} ${HEIGHT}"`,
    ` font-family="sans-serif" font-size="12" fill="#444">`,
    `<rect ${size} fill="#fff"/>`,
    ...drawn,
    text(LEFT, HEIGHT - 8, note),
    "</svg>\n",
  ].join("");
}

function draw({ title, at, lines }: Panel): string {
  const highest = Math.max(...lines.flatMap(({ values }) => values));
  const step = stepFor(highest);
  const x = (index: number): number => LEFT + (index * (WIDTH - LEFT - RIGHT)) / Math.max(1, at.length - 1);
  const y = (value: number): number =>
    HEIGHT - BOTTOM - (value * (HEIGHT - TOP - BOTTOM)) / (step * GRID_LINES);
  const grid = Array.from({ length: GRID_LINES + 1 }, (_, index) => {
    const value = index * step;
    const path = `<path d="M${LEFT} ${y(value)}H${WIDTH - RIGHT}" stroke="#ddd"/>`;
    return path + text(LEFT - 8, y(value) + 4, String(value), "end");
  });
  const ages = at.map((age, index) => text(x(index), HEIGHT - BOTTOM + 16, age, "middle"));
  const paths = lines.map(({ colour, values }) => {
    const points = values.map((value, index) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`);
    return `<polyline points="${points.join(" ")}" fill="none" stroke="${colour}" stroke-width="2"/>`;
  });
  const names = lines.map(({ name, colour }, index) => {
    const left = LEFT + index * ((WIDTH - LEFT) / lines.length);
    return `<rect x="${left}" y="${HEIGHT - 44}" width="10" height="10" fill="${colour}"/>${text(left + 14, HEIGHT - 35, name)}`;
  });
  return [text(LEFT, 24, title, "start", "bold"), ...grid, ...ages, ...paths, ...names].join("");
}

function text(x: number, y: number, said: string, anchor = "start", weight = "normal"): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" font-weight="${weight}">${said}</text>`;
}
