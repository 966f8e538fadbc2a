/** The page's own style; colours of series are told apart by people who see fewer of them (Okabe and Ito's set). */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --page: #f4f6f8; --card: #ffffff; --text: #17202b; --muted: #5b6875; --grid: #e4e9ee; --edge: #dde3e9;
  --good: #11734b; --good-back: #dff3e9; --bad: #a3261b; --bad-back: #fbe4e1; --note-back: #fdf3d9;
  --series-1: #0072b2; --series-2: #d55e00; --series-3: #009e73; --series-4: #b0559a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #11161c; --card: #1a212a; --text: #e6ebf0; --muted: #9aa7b4; --grid: #29323d; --edge: #2c3641;
    --good: #6fd6a4; --good-back: #173a2b; --bad: #ff9d92; --bad-back: #4a1f1b; --note-back: #3d3316;
    --series-1: #56b4e9; --series-2: #f0914d; --series-3: #3fc79a; --series-4: #d991c6;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1240px; margin: 0 auto; padding: 28px 20px 48px; }
h1 { margin: 0; font-size: 26px; letter-spacing: -0.01em; display: flex; gap: 14px; align-items: center; flex-wrap: wrap; }
h2 { margin: 0 0 10px; font-size: 15px; font-weight: 600; }
.badge { font-size: 14px; font-weight: 600; padding: 3px 12px; border-radius: 99px; }
.good { color: var(--good); background: var(--good-back); }
.bad { color: var(--bad); background: var(--bad-back); }
.about { color: var(--muted); margin: 6px 0 0; }
code { font: 13px/1.6 ui-monospace, SFMono-Regular, Menlo, monospace; overflow-wrap: anywhere; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(240px, 1fr)); gap: 12px; margin: 22px 0 12px; }
.tile, .card { background: var(--card); border: 1px solid var(--edge); border-radius: 10px; padding: 14px 16px; min-width: 0; }
.tile .name { color: var(--muted); font-size: 13px; }
.tile .value { font-size: 23px; font-weight: 600; letter-spacing: -0.01em; font-variant-numeric: tabular-nums; }
.tile .more { color: var(--muted); font-size: 13px; }
.note { background: var(--note-back); border-radius: 10px; padding: 10px 16px; margin: 0 0 12px; }
.grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(480px, 100%), 1fr)); gap: 12px; }
.wide { grid-column: 1 / -1; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 5px 12px 5px 0; border-top: 1px solid var(--grid); vertical-align: top; overflow-wrap: anywhere; }
tr:first-child th, tr:first-child td { border-top: 0; }
th { color: var(--muted); font-weight: 500; white-space: nowrap; }
td.number, th.number { text-align: right; white-space: nowrap; }
.u-legend { font-size: 12.5px; text-align: left !important; color: var(--text); }
.u-inline.u-live th::after { content: '' !important; }
.u-legend th { color: inherit; padding: 2px 4px; border: 0; } .u-legend td { padding: 2px 4px; border: 0; }
`;
