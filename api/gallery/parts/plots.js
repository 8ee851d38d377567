// Plots as inline SVG: bars along time, and bars of shares. Each says in words what it shows.
import { html } from "../dom.js";
import { figure } from "../wording.js";

const WIDTH = 920;
const HEIGHT = 200;
const FLOOR = 22;

/** `bars` are `{label, value, title, href}`; labels are written where there is room for them. */
export function Bars({ bars, name }) {
  if (!bars.length) return null;
  const most = Math.max(...bars.map((bar) => bar.value), 1);
  const step = WIDTH / bars.length;
  const every = Math.ceil(46 / step);
  const high = HEIGHT - FLOOR - 14;
  return html`<figure class="plot">
    <figcaption class="unseen">${name}: ${bars.filter((bar) => bar.value).map((bar) => bar.title).join("; ")}</figcaption>
    <svg viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
      <line class="axis" x1="0" x2=${WIDTH} y1=${HEIGHT - FLOOR + 0.5} y2=${HEIGHT - FLOOR + 0.5} />
      <text class="scale" x="0" y="10">${figure(most)}</text>
      ${bars.map((bar, at) => {
        const height = bar.value ? Math.max(2, (bar.value / most) * high) : 0;
        return html`<a href=${bar.href} tabindex="-1"><g>
          <title>${bar.title}</title>
          <rect class="reach" x=${at * step} y="0" width=${step} height=${HEIGHT - FLOOR} />
          <rect class="value" x=${at * step + step * 0.12} y=${HEIGHT - FLOOR - height} width=${Math.max(1, step * 0.76)} height=${height} rx=${Math.min(2, step / 4)} />
          ${at % every === 0 && html`<text x=${at * step + step / 2} y=${HEIGHT - 6}>${bar.label}</text>`}
        </g></a>`;
      })}
    </svg>
  </figure>`;
}

/** One bar of shares: `parts` are `{kind, value, label}`. */
export function Shares({ parts, name }) {
  const total = parts.reduce((sum, part) => sum + part.value, 0);
  const said = parts.filter((part) => part.value).map((part) => `${figure(part.value)} ${part.label}`).join(", ");
  return html`<div class="shares" role="img" aria-label=${`${name}: ${said || "nothing"}`}>
    ${parts.map((part) => part.value > 0 && html`<span class=${part.kind} style=${{ width: `${(part.value / total) * 100}%` }} title=${`${figure(part.value)} ${part.label}`}></span>`)}
  </div>`;
}
