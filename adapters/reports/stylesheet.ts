/** The one stylesheet of the report pages; the content security policy knows it by its hash. */
import { createHash } from "node:crypto";

export const STYLESHEET = `
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5b6675; --line: #dfe4ea; --paper: #fff; --wash: #f5f7f9;
  --accent: #1f5f99; --c0: #2f6f9f; --c1: #e0a030; --c2: #a8577e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --soft: #9aa6b5; --line: #303945; --paper: #151a21;
  --wash: #1c232c; --accent: #7db8ea; --c0: #5fa3d6; --c1: #e3b04f; --c2: #cf86a9; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main, header, footer { max-width: 68rem; margin: 0 auto; padding: 0 1.5rem; }
header, main:first-child { padding-top: 2rem; }
header a { color: var(--soft); text-decoration: none; font-weight: 600; letter-spacing: .02em; }
a { color: var(--accent); text-underline-offset: .2em; }
a:focus-visible, button:focus-visible, input:focus-visible, summary:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
h1 { font-size: 2rem; line-height: 1.2; margin: .4rem 0 .3rem; font-weight: 650; }
h2 { font-size: 1.15rem; margin: 2.5rem 0 .8rem; }
.lead { color: var(--soft); margin: 0 0 1.5rem; max-width: 46rem; }
form { display: flex; flex-wrap: wrap; gap: .9rem 1.1rem; align-items: end; padding: 1rem 1.2rem; background: var(--wash);
  border: 1px solid var(--line); border-radius: .6rem; }
label { display: grid; gap: .2rem; font-size: .85rem; color: var(--soft); }
input { font: inherit; color: var(--ink); background: var(--paper); border: 1px solid var(--soft); border-radius: .35rem; padding: .35rem .55rem; width: 11rem; }
button { font: inherit; font-weight: 600; color: var(--paper); background: var(--accent); border: 0; border-radius: .35rem; padding: .45rem 1.1rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(7.4rem, 1fr)); gap: .8rem; margin: 1.6rem 0; padding: 0; list-style: none; }
.tiles li { border: 1px solid var(--line); border-radius: .6rem; padding: .8rem .9rem; }
.tiles strong { display: block; font-size: 1.35rem; line-height: 1.3; font-weight: 600; font-variant-numeric: tabular-nums; }
.tiles span { color: var(--soft); font-size: .85rem; }
.chart { margin: 1.8rem 0; }
figcaption { font-weight: 600; display: flex; flex-wrap: wrap; gap: .3rem 1.5rem; align-items: baseline; margin-bottom: .4rem; }
.legend { display: flex; gap: 1rem; margin: 0; padding: 0; list-style: none; font-weight: 400; font-size: .85rem; color: var(--soft); }
.legend svg { width: .8rem; height: .8rem; margin-right: .35rem; vertical-align: -.05rem; }
.chart > svg { width: 100%; height: auto; display: block; }
svg text { fill: var(--soft); font-size: 12px; font-family: inherit; }
svg .y { text-anchor: end; } svg .x { text-anchor: middle; }
svg .grid { stroke: var(--line); } svg .axis { stroke: var(--soft); }
svg .s0 { fill: var(--c0); } svg .s1 { fill: var(--c1); stroke: var(--ink); stroke-width: .6; } svg .s2 { fill: var(--c2); fill-opacity: .8; stroke: var(--c2); stroke-dasharray: 3 2; }
polyline { fill: none; stroke-width: 2; } svg .l0 { stroke: var(--c0); } svg .l1 { stroke: var(--c1); stroke-dasharray: 6 3; } svg .l2 { stroke: var(--c2); stroke-dasharray: 2 3; }
details { margin: 1rem 0; border-top: 1px solid var(--line); padding-top: .8rem; }
summary { cursor: pointer; font-weight: 600; }
.scroll { overflow-x: auto; margin-top: .8rem; }
table { border-collapse: collapse; width: 100%; font-size: .88rem; font-variant-numeric: tabular-nums; }
th, td { padding: .42rem .55rem; text-align: left; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { font-weight: 600; } thead th { border-bottom: 2px solid var(--soft); }
tbody tr:nth-child(even) { background: var(--wash); }
.n { text-align: right; } tfoot td, tfoot th { font-weight: 600; border-top: 2px solid var(--soft); border-bottom: 0; }
pre { background: var(--wash); border: 1px solid var(--line); border-radius: .5rem; padding: 1rem; overflow-x: auto; font-size: .85rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1.2rem; font-size: .92rem; } dt { font-weight: 600; } dd { margin: 0; color: var(--soft); }
.state { font-size: .88rem; color: var(--soft); } .late { color: var(--ink); border-left: 4px solid var(--c1); padding-left: .8rem; }
.cards { list-style: none; padding: 0; display: grid; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); gap: 1rem; }
.cards li { border: 1px solid var(--line); border-radius: .6rem; padding: 1.1rem 1.3rem; } .cards h2 { margin: 0 0 .3rem; } .cards p { margin: 0; color: var(--soft); }
footer { color: var(--soft); font-size: .85rem; padding-top: 2rem; padding-bottom: 3rem; }
@media print { form, .noprint { display: none; } body { font-size: 11pt; } details > .scroll { display: block; } .chart { break-inside: avoid; } main, header, footer { max-width: none; } }
`;

export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(STYLESHEET).digest("base64")}'`,
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");
