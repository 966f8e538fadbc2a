import type { Summary } from '../../statistics.js';

/** One bar: a median with its range. */
export interface Bar {
  readonly label: string;
  readonly summary: Summary;
  /** The one that the others are compared with. */
  readonly isBase: boolean;
}

export interface ChartOptions {
  readonly title: string;
  readonly digits: number;
}

/** Sizes in pixels. */
const WIDTH = 640;
const LABEL = 150;
const VALUE = 90;
const BAR = 18;
const STEP = 28;
const TOP = 34;

/** Horizontal bars as SVG, with whiskers from the smallest to the largest value. Colours come from the page's classes. */
export function chart(bars: readonly Bar[], { title, digits }: ChartOptions): string {
  const most = Math.max(...bars.map(({ summary }) => summary.max), Number.MIN_VALUE);
  const scale = (value: number): number => (value / most) * (WIDTH - LABEL - VALUE);
  const height = TOP + bars.length * STEP + 6;
  const drawn = bars.map((bar, index) => drawBar(bar, TOP + index * STEP, scale, digits));
  return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escaped(title)}">
<text class="title" x="0" y="18">${escaped(title)}</text>
${drawn.join('\n')}
</svg>`;
}

function drawBar(
  { label, summary: { median, min, max }, isBase }: Bar,
  y: number,
  scale: (value: number) => number,
  digits: number,
): string {
  const middle = y + BAR / 2;
  const [from, to] = [LABEL + scale(min), LABEL + scale(max)].map((x) => x.toFixed(1));
  return `<text class="label" x="${LABEL - 8}" y="${middle + 4}">${escaped(label)}</text>
<rect class="${isBase ? 'base' : 'bar'}" x="${LABEL}" y="${y}" width="${scale(median).toFixed(1)}" height="${BAR}" rx="2"/>
<path class="range" d="M${from} ${middle}H${to}M${from} ${middle - 5}v10M${to} ${middle - 5}v10"/>
<text class="value" x="${(LABEL + scale(max) + 8).toFixed(1)}" y="${middle + 4}">${median.toFixed(digits)}</text>`;
}

/** Text inside of HTML and SVG. */
export function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
