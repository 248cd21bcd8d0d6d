/** Style sheet of the report, for both themes and small screens. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #fff; --text: #1a2230; --soft: #5a6576; --line: #dfe3e9; --grid: #1a223022; --accent: #1d5fd1;
  --good: #116b3a; --bad: #b3201b; --good-page: #e4f5ea; --bad-page: #fdeae9; --note-page: #fff5dc;
  --c-304: #0d9488; --c-memory: #2e9e4f; --c-store: #2f6fe0; --c-coalesced: #8250df; --c-stale: #b98900; --c-miss: #e36209;
  --c-bypass: #66758a; --c-uncached: #9aa5b4; --c-write: #0598bc; --c-limited: #d6308e; --c-error: #d1242f; --c-failed: #6e0d14;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0e131a; --card: #161d27; --text: #e4e9f0; --soft: #98a5b6; --line: #2a3442; --grid: #e4e9f026; --accent: #7db0ff;
    --good: #6fd396; --bad: #ff938c; --good-page: #12301f; --bad-page: #3a1718; --note-page: #332a12;
    --c-304: #2dc5b6; --c-memory: #4cbf6e; --c-store: #5b95ff; --c-coalesced: #a585f5; --c-stale: #d8aa28; --c-miss: #f58540;
    --c-bypass: #8896aa; --c-uncached: #5f6c7e; --c-write: #38bddd; --c-limited: #f068b2; --c-error: #f4606a; --c-failed: #ffb3ae;
  }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, sans-serif; font-variant-numeric: tabular-nums }
main { max-width: 1120px; margin: 0 auto; padding: 24px 16px 64px }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 4px }
h2 { font-size: 1.25rem; margin: 40px 0 0 }
h3 { font-size: 1.05rem; margin: 28px 0 0 }
p { margin: 4px 0 }
.soft, small { color: var(--soft) }
small { font-size: .8rem; font-weight: 400 }
a { color: var(--accent) }
a:focus-visible, summary:focus-visible, .scroll:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
section { margin-top: 16px }
.notes, .requirements { list-style: none; padding: 0; margin: 12px 0; display: grid; gap: 8px }
.notes li, .requirements li { padding: 8px 12px; border-radius: 8px; background: var(--note-page); overflow-wrap: anywhere }
.requirements li { background: var(--good-page) }
.requirements li.unmet { background: var(--bad-page) }
.requirements strong { color: var(--good) }
.requirements .unmet strong { color: var(--bad) }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(128px, 1fr)); gap: 8px; margin: 12px 0 }
.tiles div { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 8px 12px }
.tiles dt { color: var(--soft); font-size: .8rem }
.tiles dd { margin: 0; font-size: 1.35rem; font-weight: 600; line-height: 1.3 }
.tiles .bad dd { color: var(--bad) }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); gap: 12px; align-items: start }
figure { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 12px; min-width: 0 }
figure.wide { grid-column: 1 / -1 }
figcaption { font-weight: 600; margin-bottom: 8px }
figcaption small { display: block }
.over-time { display: grid; grid-template-columns: auto 1fr; column-gap: 8px }
.over-time > * { grid-column: 1 / -1 }
.over-time .y { grid-column: 1; display: flex; flex-direction: column; justify-content: space-between; text-align: right; font-size: .75rem; color: var(--soft); margin: -8px 0; min-width: 36px }
.over-time svg { grid-column: 2; width: 100%; height: 150px; display: block; overflow: visible }
.over-time .x { grid-column: 2; display: flex; justify-content: space-between; font-size: .75rem; color: var(--soft); margin-top: 4px }
svg rect { shape-rendering: crispEdges }
svg .grid { stroke: var(--grid); vector-effect: non-scaling-stroke; fill: none }
svg .touch { fill: transparent }
svg rect.hits { fill: var(--c-memory); opacity: .25 }
svg path.hits { stroke: var(--c-memory); stroke-width: 2; vector-effect: non-scaling-stroke; fill: none }
svg g:hover { opacity: .75 }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 14px; padding: 0; margin: 8px 0 0; font-size: .8rem }
i { display: inline-block; width: .7em; height: .7em; border-radius: 2px; margin-right: .45em }
details { margin-top: 8px; font-size: .8rem }
summary { cursor: pointer; color: var(--soft) }
.scroll { overflow-x: auto; max-height: 420px }
table { border-collapse: collapse; width: 100%; font-size: .85rem }
th, td { padding: 5px 8px; text-align: right; white-space: nowrap; border-top: 1px solid var(--line) }
thead th { border-top: 0; color: var(--soft); font-weight: 500; vertical-align: bottom }
th:first-child { text-align: left; padding-left: 0; font-weight: 600 }
thead th:first-child { font-weight: 500 }
.outcomes th small { display: block; white-space: normal; min-width: 170px; padding-left: 1.5em }
td.bar, th.bar { width: 42%; min-width: 140px }
thead .ticks { display: flex; justify-content: space-between }
.track { position: relative; height: 14px; background: var(--page); border-radius: 3px; overflow: hidden }
.track.stacked { display: flex }
.track b { position: absolute; top: 0; bottom: 0; border-radius: 3px }
.track.stacked b { position: static; border-radius: 0 }
.track s { position: absolute; top: 0; bottom: 0; width: 2px; background: var(--card) }
.track u { position: absolute; top: 0; bottom: 0; width: 1px; background: var(--line) }
svg.bars { display: block; width: 100%; height: 18px; background: var(--page); border-radius: 3px }
svg.bars .rule { fill: var(--line) }
svg.bars .mark { fill: var(--card) }
.s-cached { fill: var(--c-memory); background: var(--c-memory) }
.s-uncached { fill: var(--c-miss); background: var(--c-miss) }
${['304', 'memory', 'store', 'coalesced', 'stale', 'miss', 'write', 'limited'].map((name, i) => `.p-${i} { fill: var(--c-${name}); background: var(--c-${name}) }`).join('\n')}
.scroll table + table { margin-top: 12px }
.scroll.whole { max-height: none }
.sides th { white-space: normal }
.sides td.bar { width: 26%; min-width: 80px }
td.text { text-align: left; white-space: normal; min-width: 150px }
footer { margin-top: 40px; font-size: .85rem; color: var(--soft) }
${[
  '304',
  'memory',
  'store',
  'coalesced',
  'stale',
  'miss',
  'bypass',
  'uncached',
  'write',
  'limited',
  'error',
  'failed'
]
  .map((name) => `.o-${name} { background: var(--c-${name}); fill: var(--c-${name}) }`)
  .join('\n')}
@media (max-width: 560px) {
  main { padding: 16px 10px 48px }
  figure { padding: 10px }
  th, td { padding: 5px 4px }
  .outcomes th small, .sides .bar { display: none }
  td.bar, th.bar { min-width: 96px }
}
@media print { body { background: #fff } figure { break-inside: avoid } }
`
