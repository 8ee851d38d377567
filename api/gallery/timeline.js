// All photos of a filter as months and pages: where each photo lies on the page, and which of them are loaded.
//
// The API tells the months and a cursor to each page of them. Ratios of photos are kept once they are known (4 bytes
// each), so that a layout stays; the photos themselves only near what is looked at, MOST_PAGES of them at most.
import { address, ask } from "./api.js";
import { justify, lastAtMost, rowOf } from "./rows.js";
import { ratio } from "./wording.js";

export const HEADING = 56;
export const BETWEEN = 28;
const NARROWEST = 150;
const USUAL_RATIO = 4 / 3;
const MOST_PAGES = 24;
const AT_ONCE = 3;

export class Timeline {
  constructor(filter, changed) {
    this.filter = filter;
    this.changed = changed;
    this.sections = null;
    this.total = 0;
    this.epoch = null;
    this.height = 0;
    this.error = null;
    this.shape = null;
    this.running = new Map();
    this.wanted = [];
    this.turn = 0;
  }

  /** Asks for the months; what is loaded of pages that did not change stays. */
  async load() {
    try {
      const told = await ask(address("/v1/photos/timeline", { filter: this.filter }));
      if (this.closed || told.epoch === this.epoch) return;
      this.#take(told);
      this.error = null;
    } catch (error) {
      if (this.sections) return;
      this.error = error;
    }
    this.changed();
  }

  close() {
    this.closed = true;
    for (const { request } of this.running.values()) request.abort();
  }

  #take({ months, epoch }) {
    const before = new Map();
    for (const section of this.sections || []) for (const page of section.pages) before.set(keyOf(page), { section, page });
    let offset = 0;
    this.sections = months.map(({ month, photos, pages }) => {
      const section = { month, count: photos, offset, ratios: new Float32Array(photos).fill(USUAL_RATIO), pages: [] };
      let start = 0;
      for (const one of pages) {
        const page = { cursor: one.cursor, count: one.photos, start, photos: null, stale: false, failed: null, used: 0 };
        const known = before.get(keyOf(page));
        if (known) {
          page.photos = known.page.photos;
          page.stale = page.photos !== null;
          const from = known.page.start;
          section.ratios.set(known.section.ratios.subarray(from, from + page.count), start);
        }
        section.pages.push(page);
        start += one.photos;
      }
      offset += photos;
      return section;
    });
    this.total = offset;
    this.epoch = epoch;
    if (this.shape) this.place(this.shape.width, this.shape.target, this.shape.gap);
  }

  /** Lays everything out for a page `width` pixels wide. */
  place(width, target, gap) {
    this.shape = { width, target, gap };
    for (const section of this.sections || []) section.rows = justify(section.ratios, width, target, gap);
    this.#stack();
  }

  /** Sections below one another; those that have a photo or two stand side by side while there is room. */
  #stack() {
    const { width, gap } = this.shape;
    let [top, left, height] = [0, 0, 0];
    for (const section of this.sections) {
      const single = section.rows.starts.length === 1;
      const own = single ? widthOf(section, gap) : width;
      if (left > 0 && left + own > width) [top, left, height] = [top + height, 0, 0];
      Object.assign(section, { top, left, width: Math.min(own, width - left) });
      height = Math.max(height, HEADING + section.rows.height + BETWEEN);
      left += single ? own + BETWEEN : width + 1;
    }
    this.tops = this.sections.map((section) => section.top);
    this.height = top + height;
  }

  /** The sections and rows between two heights: `[{section, number, first, last}]`, rows inclusive. */
  between(from, to) {
    const found = [];
    if (!this.sections?.length) return found;
    let start = lastAtMost(this.tops, from);
    while (start > 0 && this.tops[start - 1] === this.tops[start]) start -= 1;
    for (let number = start; number < this.sections.length; number += 1) {
      const section = this.sections[number];
      if (section.top > to) break;
      const inside = section.top + HEADING;
      const first = lastAtMost(section.rows.tops, from - inside);
      const last = lastAtMost(section.rows.tops, to - inside);
      found.push({ section, number, first, last });
    }
    return found;
  }

  /** Where a photo lies: `{section, index, row, top, height}`; `position` counts from the newest photo. */
  locate(position) {
    const section = this.sections[lastAtMost(this.sections.map((one) => one.offset), position)];
    const index = position - section.offset;
    const row = lastAtMost(section.rows.starts, index);
    return { section, index, row, top: section.top + HEADING + section.rows.tops[row], height: section.rows.heights[row] };
  }

  /** The photo at an index of a section, or null while it is not loaded. */
  photo(section, index) {
    const page = pageOf(section, index);
    return page.photos?.[index - page.start] ?? null;
  }

  /** Whether loading the photo failed, and why. */
  failure(section, index) {
    return pageOf(section, index).failed;
  }

  /** Position of a photo that is loaded, or -1. */
  find(id) {
    for (const section of this.sections || []) {
      for (const page of section.pages) {
        const at = page.photos?.findIndex((photo) => photo.id === id) ?? -1;
        if (at >= 0) return section.offset + page.start + at;
      }
    }
    return -1;
  }

  /** The photo at a position, loaded when it is not. */
  async get(position) {
    const { section, index } = this.locate(position);
    const page = pageOf(section, index);
    if (!page.photos) await (this.running.get(page)?.done ?? this.#fetch(section, page, false));
    return this.photo(section, index);
  }

  /** Says what is looked at: pages of these heights are loaded, nearest to the middle first, others are given up. */
  want(from, to) {
    const middle = (from + to) / 2;
    const wanted = [];
    this.turn += 1;
    for (const { section, first, last } of this.between(from, to)) {
      const [start] = rowOf(section.rows, first, section.count);
      const [, end] = rowOf(section.rows, last, section.count);
      for (const page of section.pages) {
        if (page.start >= end || page.start + page.count <= start) continue;
        page.used = this.turn;
        if (page.photos && !page.stale) continue;
        const row = lastAtMost(section.rows.starts, page.start + page.count / 2);
        wanted.push({ section, page, away: Math.abs(section.top + section.rows.tops[row] - middle) });
      }
    }
    this.wanted = wanted.sort((one, other) => one.away - other.away);
    for (const [page, { request, viewed }] of this.running) {
      if (viewed && !wanted.some((one) => one.page === page)) request.abort();
    }
    this.#next();
  }

  /** Tries again what failed. */
  retry() {
    for (const section of this.sections || []) for (const page of section.pages) page.failed = null;
    this.#next();
  }

  #next() {
    for (const { section, page } of this.wanted) {
      if (this.running.size >= AT_ONCE) return;
      if (this.running.has(page) || page.failed || (page.photos && !page.stale)) continue;
      this.#fetch(section, page, true).catch(() => {});
    }
  }

  #fetch(section, page, viewed) {
    const request = new AbortController();
    const done = this.#load(section, page, request.signal);
    this.running.set(page, { request, viewed, done });
    return done;
  }

  async #load(section, page, signal) {
    try {
      const asked = { filter: this.filter, limit: page.count, cursor: page.cursor };
      const { items } = await ask(address("/v1/photos", asked), { signal });
      page.photos = items;
      page.stale = false;
      page.used = this.turn;
      items.slice(0, page.count).forEach((photo, at) => (section.ratios[page.start + at] = ratio(photo)));
      if (this.shape) section.rows = justify(section.ratios, this.shape.width, this.shape.target, this.shape.gap);
      if (this.shape && this.sections.includes(section)) this.#stack();
      this.#forget();
    } catch (error) {
      if (error.name === "AbortError") return;
      page.failed = error;
      throw error;
    } finally {
      this.running.delete(page);
      if (!this.closed) {
        this.changed();
        this.#next();
      }
    }
  }

  #forget() {
    const loaded = this.sections.flatMap((section) => section.pages).filter((page) => page.photos);
    loaded.sort((one, other) => other.used - one.used);
    for (const page of loaded.slice(MOST_PAGES)) page.photos = null;
  }
}

function widthOf(section, gap) {
  const ratios = section.ratios.reduce((sum, one) => sum + one, 0);
  return Math.max(NARROWEST, ratios * section.rows.heights[0] + gap * (section.count - 1));
}

function pageOf(section, index) {
  let low = 0;
  let high = section.pages.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (section.pages[middle].start <= index) low = middle;
    else high = middle - 1;
  }
  return section.pages[low];
}

const keyOf = (page) => `${page.count} ${page.cursor}`;
