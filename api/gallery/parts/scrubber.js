// The rail at the right edge: years where they lie, and a hand to drag through all of them.
import { html, useRef, useState } from "../dom.js";
import { lastAtMost } from "../rows.js";
import { month } from "../wording.js";

const APART = 22;

/** `move` scrolls to a height of the timeline. */
export function Scrubber({ timeline, top, move }) {
  const rail = useRef(null);
  const [dragging, setDragging] = useState(null);
  const reach = window.innerHeight;
  if (timeline.height < reach * 2) return null;
  const here = lastAtMost(timeline.tops, Math.max(0, top + 80));
  const share = (height) => Math.min(1, Math.max(0, height / timeline.height));
  const length = rail.current?.clientHeight || reach - 160;
  const years = [];
  let last = -APART;
  for (const section of timeline.sections) {
    const year = section.month?.slice(0, 4) ?? "…";
    const at = share(section.top) * length;
    if (years.at(-1)?.year === year || at - last < APART) continue;
    years.push({ year, at });
    last = at;
  }
  function to(event) {
    const box = rail.current.getBoundingClientRect();
    const part = Math.min(1, Math.max(0, (event.clientY - box.top) / box.height));
    setDragging(part);
    move(part * timeline.height);
  }
  function start(event) {
    rail.current.setPointerCapture(event.pointerId);
    to(event);
  }
  function key(event) {
    const year = (number) => timeline.sections[number]?.month?.slice(0, 4);
    const other = (step) => {
      let at = here;
      while (timeline.sections[at + step] && year(at) === year(here)) at += step;
      return at;
    };
    const target = {
      ArrowDown: () => here + 1, ArrowUp: () => here - 1, PageDown: () => other(1), PageUp: () => other(-1),
      Home: () => 0, End: () => timeline.sections.length - 1,
    }[event.key];
    if (!target) return;
    event.preventDefault();
    const number = Math.min(timeline.sections.length - 1, Math.max(0, target()));
    move(timeline.tops[number] - 72);
  }
  const shown = dragging === null ? here : lastAtMost(timeline.tops, dragging * timeline.height);
  return html`<div
    class=${`scrubber${dragging === null ? "" : " dragging"}`}
    ref=${rail}
    role="slider"
    tabindex="0"
    aria-label="Month"
    aria-orientation="vertical"
    aria-valuemin="0"
    aria-valuemax=${timeline.sections.length - 1}
    aria-valuenow=${here}
    aria-valuetext=${month(timeline.sections[here].month)}
    onPointerDown=${start}
    onPointerMove=${(event) => dragging !== null && to(event)}
    onPointerUp=${() => setDragging(null)}
    onPointerCancel=${() => setDragging(null)}
    onKeyDown=${key}
  >
    ${years.map(({ year, at }) => html`<span key=${year} class="year" style=${{ top: `${at}px` }}>${year}</span>`)}
    <span class="hand" style=${{ top: `${share(dragging === null ? top : dragging * timeline.height) * 100}%` }}>
      <span>${month(timeline.sections[shown].month)}</span>
    </span>
  </div>`;
}
