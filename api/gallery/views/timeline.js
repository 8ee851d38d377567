// The timeline: every photo there is, of which only those near the window are drawn.
import { html, useEffect, useLayoutEffect, useRef, useState } from "../dom.js";
import { useShortcuts } from "../keys.js";
import { Command, Empty, Fault, NotUnderstood, Waiting } from "../parts/notices.js";
import { Scrubber } from "../parts/scrubber.js";
import { link } from "../route.js";
import { lastAtMost, rowOf } from "../rows.js";
import { BETWEEN, HEADING, Timeline } from "../timeline.js";
import { count, description, month, shortMonth, title } from "../wording.js";

const GAP = 4;
const POLL = 15_000;
const SETTLE = 90;

const targetOf = (width) => (width < 600 ? 118 : width < 1100 ? 164 : 188);

export function TimelineView({ query, filter, sequence, covered, refused }) {
  const box = useRef(null);
  const [, setTurn] = useState(0);
  const draw = () => setTurn((turn) => turn + 1);
  const model = useRef(null);
  if (!model.current) model.current = new Timeline(filter, draw);
  const timeline = model.current;
  const [cursor, setCursor] = useState(0);
  const focusing = useRef(false);
  const anchor = useRef(null);
  const settling = useRef(0);

  useEffect(() => {
    timeline.load();
    const timer = setInterval(() => document.visibilityState === "visible" && timeline.load(), POLL);
    let frame = 0;
    const moved = () => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        draw();
      });
    };
    window.addEventListener("scroll", moved, { passive: true });
    window.addEventListener("resize", moved);
    return () => {
      timeline.close();
      clearInterval(timer);
      clearTimeout(settling.current);
      cancelAnimationFrame(frame);
      window.removeEventListener("scroll", moved);
      window.removeEventListener("resize", moved);
    };
  }, []);
  useEffect(() => {
    if (timeline.error) refused(timeline.error);
  }, [timeline.error]);

  // Lay out before drawing when the page has another width; keep what is looked at where it is when heights change.
  useLayoutEffect(() => {
    if (!box.current || !timeline.sections) return;
    const width = box.current.clientWidth;
    if (timeline.shape?.width !== width) {
      timeline.place(width, targetOf(width), GAP);
      draw();
    }
    const seen = anchor.current;
    if (seen && seen.epoch === timeline.epoch && timeline.total > seen.position && !covered) {
      const moved = timeline.locate(seen.position).top - seen.top;
      if (Math.abs(moved) > 0.5) window.scrollBy(0, moved);
    }
    anchor.current = anchorOf(timeline, scrolled(box.current));
  });

  // Ask for what is looked at, once it is looked at: not for all that flies by.
  const top = box.current ? scrolled(box.current) : 0;
  const reach = window.innerHeight;
  useEffect(() => {
    if (!timeline.shape || covered) return;
    clearTimeout(settling.current);
    settling.current = setTimeout(() => timeline.want(top - reach, top + 2 * reach), SETTLE);
  });

  useEffect(() => {
    sequence.current = timeline;
  }, []);
  // Whoever comes back from a photo finds it focused.
  const was = useRef(covered);
  useEffect(() => {
    if (was.current && !covered) {
      const position = timeline.find(was.current);
      if (position >= 0) goTo(position);
    }
    was.current = covered;
  }, [covered]);

  function goTo(position) {
    const at = Math.max(0, Math.min(timeline.total - 1, position));
    const { top: rowTop, height } = timeline.locate(at);
    const header = document.querySelector(".header").offsetHeight + HEADING;
    const here = scrolled(box.current);
    if (rowTop < here + header) window.scrollBy(0, rowTop - here - header);
    else if (rowTop + height > here + window.innerHeight - 72) window.scrollBy(0, rowTop + height - here - window.innerHeight + 72);
    focusing.current = true;
    setCursor(at);
    draw();
  }
  useLayoutEffect(() => {
    if (!focusing.current) return;
    const tile = box.current?.querySelector(`[data-position="${cursor}"]`);
    if (tile) {
      focusing.current = false;
      tile.focus({ preventScroll: true });
    }
  });

  function step(event) {
    const tile = event.target.closest?.("[data-position]");
    const from = tile ? Number(tile.dataset.position) : cursor;
    if (!tile && !["ArrowRight", "ArrowLeft", "Home", "End"].includes(event.key)) return false;
    const to = {
      ArrowRight: () => from + (tile ? 1 : 0),
      ArrowLeft: () => from - (tile ? 1 : 0),
      ArrowDown: () => beside(timeline, from, 1),
      ArrowUp: () => beside(timeline, from, -1),
      Home: () => 0,
      End: () => timeline.total - 1,
    }[event.key]();
    goTo(to);
    return true;
  }
  const steps = Object.fromEntries(["ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp", "Home", "End"].map((key) => [key, step]));
  useShortcuts(steps, !covered && timeline.total > 0);

  const heading = html`<h1 class="unseen">Photos</h1>`;
  if (timeline.error?.type === "/problems/invalid-filter") return html`${heading}<${NotUnderstood} />`;
  if (timeline.error) return html`${heading}<${Fault} error=${timeline.error} again=${() => timeline.load()} />`;
  if (!timeline.sections) return html`${heading}<${Waiting} label="Looking at the timeline" />`;
  if (!timeline.total) return html`${heading}<${NoPhotos} where=${query.where} />`;
  const drawn = timeline.shape ? timeline.between(top - reach * 0.75, top + reach * 1.75) : [];
  const focused = timeline.shape ? timeline.locate(Math.min(cursor, timeline.total - 1)) : null;
  const failed = drawn.flatMap(({ section }) => section.pages).find((page) => page.failed);
  return html`${heading}
    <p class="unseen" role="status">${count(timeline.total, "photo")}</p>
    <div class="timeline" ref=${box} style=${{ height: `${timeline.height}px` }}>
      ${drawn.map(({ section, first, last }) => {
        const rows = new Set();
        for (let row = first; row <= last; row += 1) rows.add(row);
        if (focused?.section === section) rows.add(focused.row);
        return html`<${Section} key=${section.month} timeline=${timeline} section=${section} rows=${[...rows].sort((a, b) => a - b)} cursor=${cursor} enter=${setCursor} />`;
      })}
    </div>
    ${failed && html`<div class="toast" role="alert">${failed.failed.message} <button class="button" onClick=${() => timeline.retry()}>Try again</button></div>`}
    ${timeline.shape && html`<${Scrubber} timeline=${timeline} top=${top} move=${(to) => window.scrollBy(0, to - scrolled(box.current))} />`}`;
}

function Section({ timeline, section, rows, cursor, enter }) {
  const id = `month-${section.month ?? "none"}`;
  const place = { top: `${section.top}px`, left: `${section.left}px`, width: `${section.width}px`, height: `${HEADING + section.rows.height + BETWEEN}px` };
  const narrow = section.width < 230;
  return html`<section aria-labelledby=${id} style=${place}>
    <h2 id=${id}>${narrow ? shortMonth(section.month) : month(section.month)} <small class=${narrow ? "unseen" : ""}>${count(section.count, "photo")}</small></h2>
    <ul>
      ${rows.flatMap((row) => tilesOf(timeline, section, row, cursor, enter))}
    </ul>
  </section>`;
}

function tilesOf(timeline, section, row, cursor, enter) {
  const [from, to] = rowOf(section.rows, row, section.count);
  const height = section.rows.heights[row];
  const tiles = [];
  let left = 0;
  for (let index = from; index < to; index += 1) {
    const width = section.ratios[index] * height;
    const style = { left: `${left}px`, top: `${section.rows.tops[row]}px`, width: `${width}px`, height: `${height}px` };
    const position = section.offset + index;
    tiles.push(html`<li key=${position} style=${style} aria-setsize=${timeline.total} aria-posinset=${position + 1}>
      <${Tile} photo=${timeline.photo(section, index)} position=${position} current=${position === cursor} enter=${enter} />
    </li>`);
    left += width + GAP;
  }
  return tiles;
}

function Tile({ photo, position, current, enter }) {
  const common = { class: "tile", tabindex: current ? 0 : -1, "data-position": position, onFocus: () => enter(position) };
  if (!photo) return html`<a ...${common} role="link" aria-disabled="true" aria-label="Photo, loading"></a>`;
  return html`<a ...${common} href=${link(`/photo/${photo.id}`)} data-id=${photo.id} aria-label=${description(photo)}>
    ${photo.renditions.thumbnail
      ? html`<img src=${photo.renditions.thumbnail} alt="" decoding="async" draggable=${false} />`
      : html`<span class="broken">${title(photo)}</span>`}
  </a>`;
}

function NoPhotos({ where }) {
  if (where.length) {
    return html`<${Empty} title="No photo fulfils these filters"><p>Remove one of them above, or look at <a href="#/">all photos</a>.</p><//>`;
  }
  return html`<${Empty} title="No photos yet">
    <p>Take in a folder: its files are read where they are, and never changed.</p>
    <p><${Command}>darkroom import ~/Pictures --wait<//></p>
    <p>How far it is shows under <a href="#/imports">Imports</a>; photos appear here by themselves.</p>
  <//>`;
}

/** How far the window's upper edge, below the header, is into the timeline. */
function scrolled(box) {
  return -box.getBoundingClientRect().top;
}

/** The photo at the window's upper edge, and where it lies: what must not move. Nothing at the very top. */
function anchorOf(timeline, top) {
  if (!timeline.total || top <= HEADING) return null;
  const section = timeline.sections[lastAtMost(timeline.tops, top)];
  const row = lastAtMost(section.rows.tops, top - section.top - HEADING);
  const position = section.offset + section.rows.starts[row];
  return { position, top: timeline.locate(position).top, epoch: timeline.epoch };
}

/** The photo above or below another one: in the next row, nearest to its middle. */
function beside(timeline, position, direction) {
  const { section, index, row } = timeline.locate(position);
  const middle = middleOf(section, row, index);
  let candidates = [[section, row + direction]];
  if (row + direction < 0 || row + direction >= section.rows.starts.length) {
    let at = timeline.sections.indexOf(section);
    while (timeline.sections[at]?.top === section.top) at += direction;
    const line = timeline.sections.filter((one) => one.top === timeline.sections[at]?.top);
    candidates = line.map((one) => [one, direction > 0 ? 0 : one.rows.starts.length - 1]);
  }
  let [nearest, least] = [position, Infinity];
  for (const [there, number] of candidates) {
    const [from, to] = rowOf(there.rows, number, there.count);
    for (let other = from; other < to; other += 1) {
      const away = Math.abs(middleOf(there, number, other) - middle);
      if (away < least) [nearest, least] = [there.offset + other, away];
    }
  }
  return nearest;
}

function middleOf(section, row, index) {
  const height = section.rows.heights[row];
  let { left } = section;
  for (let at = section.rows.starts[row]; at < index; at += 1) left += section.ratios[at] * height + GAP;
  return left + (section.ratios[index] * height) / 2;
}
