// What a search found: best first, with its score and the reasons.
import { ask, hasMoved } from "../api.js";
import { html, useCallback, useEffect, useRef, useState } from "../dom.js";
import { condition } from "../filters.js";
import { useReached } from "../parts/asking.js";
import { Fault, NotUnderstood, Waiting } from "../parts/notices.js";
import { link } from "../route.js";
import { clock, count, day, description, title } from "../wording.js";

const PAGE = 40;
const BEFORE = 32;
const LEGS = { meaning: "Meaning", look: "Look", person: "Person", filter: "Filter" };
const PROPERTIES = { path: "File name", text: "Text", title: "Title", keywords: "Keywords", description: "Caption", time: "Date" };

export function Results({ query, filter, sequence, covered, refused, change }) {
  const asked = { text: query.text || undefined, filter: filter || undefined, photo_id: query.photo, example_id: query.example, person_id: query.person };
  const key = JSON.stringify(asked);
  const [state, setState] = useState({ key: null });
  const running = useRef(null);
  const load = useCallback(
    async (cursor) => {
      running.current?.abort();
      const request = new AbortController();
      running.current = request;
      try {
        const page = await ask("/v1/search", { method: "POST", body: { ...asked, limit: PAGE, cursor }, signal: request.signal });
        setState((before) => ({
          key,
          items: cursor ? [...before.items, ...page.items] : page.items,
          cursor: page.next_cursor,
          degraded: page.degraded,
        }));
      } catch (error) {
        if (error.name === "AbortError") return undefined;
        if (cursor && hasMoved(error)) return load(undefined);
        refused(error);
        setState((before) => ({ ...(cursor ? before : { items: null }), key, error }));
      } finally {
        if (running.current === request) running.current = null;
      }
    },
    [key],
  );
  useEffect(() => {
    load(undefined);
    return () => running.current?.abort();
  }, [key]);

  // The last results stay while the next ones are looked for.
  const items = state.items;
  const latest = useRef(state);
  latest.current = state;
  useEffect(() => {
    sequence.current = {
      get total() {
        return latest.current.items?.length ?? 0;
      },
      find: (id) => latest.current.items?.findIndex(({ photo }) => photo.id === id) ?? -1,
      get: async (position) => latest.current.items?.[position]?.photo ?? null,
    };
  }, []);
  const was = useRef(covered);
  useEffect(() => {
    if (was.current && !covered) document.querySelector(`.results [data-id="${CSS.escape(was.current)}"]`)?.focus();
    was.current = covered;
  }, [covered]);
  const end = useReached(() => !running.current && !state.error && state.cursor && items.length < 400 && load(state.cursor));

  const heading = html`<h1>${query.text ? html`Photos for “${query.text}”` : query.photo || query.example ? "Photos that look alike" : "Photos of a person"}</h1>`;
  if (!items) {
    const { error } = state;
    const told = !error ? html`<${Waiting} label="Searching" />` : error.type === "/problems/invalid-filter" ? html`<${NotUnderstood} />` : html`<${Fault} error=${error} again=${() => load(undefined)} />`;
    return html`<div class="found">${heading}${told}</div>`;
  }
  return html`<div class="found" aria-busy=${state.key !== key}>
    ${heading}
    <p class="quiet" role="status">${items.length ? `${count(items.length, "photo")}${state.cursor ? " and more" : ""}, best first` : "Nothing relevant was found"}</p>
    ${state.degraded?.map((one) => html`<p class="hint" role="note">Not everything could be searched: ${one.reason}.</p>`)}
    <${Facets} asked=${asked} query=${query} change=${change} />
    ${!items.length && html`<${Nothing} query=${query} change=${change} />`}
    <ol class="results">
      ${items.map((hit) => html`<${Hit} key=${hit.photo.id} hit=${hit} />`)}
    </ol>
    ${state.error
      ? html`<${Fault} error=${state.error} again=${() => load(state.cursor)} />`
      : state.cursor && html`<p ref=${end} class="more"><button class="button" onClick=${() => load(state.cursor)}>Show more</button></p>`}
  </div>`;
}

function Hit({ hit }) {
  const { photo, score, reasons } = hit;
  const told = reasons.filter((reason) => reason.kind !== "filter");
  return html`<li class="result">
    <a href=${link(`/photo/${photo.id}`)} data-id=${photo.id} aria-label=${`${description(photo)}. Score ${score.toFixed(2)}`}>
      ${photo.renditions.thumbnail ? html`<img src=${photo.renditions.thumbnail} alt="" loading="lazy" decoding="async" />` : html`<span class="broken">${title(photo)}</span>`}
    </a>
    <div>
      <h2>${title(photo)}</h2>
      <p class="quiet">${photo.taken_at ? `${day(photo.taken_at.local)}, ${clock(photo.taken_at.local)}` : "Without a date"}</p>
      <p class="score" title=${`Score ${score.toFixed(3)} of 1`}>
        <span class="bar" aria-hidden="true"><span style=${{ width: `${score * 100}%` }}></span></span>
        <span aria-hidden="true">${score.toFixed(2)}</span>
      </p>
      <ul class="reasons">
        ${told.slice(0, 3).map((reason) => html`<li><${Reason} reason=${reason} /></li>`)}
      </ul>
    </div>
  </li>`;
}

function Reason({ reason }) {
  const shown = reason.highlights?.[0];
  const label = reason.kind === "words" ? PROPERTIES[reason.property] || reason.property || "Words" : LEGS[reason.kind] || reason.kind;
  return html`<b>${label}</b> ${shown ? html`<q>${marked(near(shown))}</q>` : reason.detail}`;
}

/** A highlight cut so that its first mark is near the beginning, where it is seen. */
function near({ text, spans }) {
  const characters = Array.from(text);
  const first = spans[0]?.start ?? 0;
  if (first <= BEFORE) return { text, spans };
  const space = characters.indexOf(" ", first - BEFORE);
  const from = space >= 0 && space < first ? space + 1 : first;
  const moved = spans.map(({ start, end }) => ({ start: start - from + 1, end: end - from + 1 }));
  return { text: `…${characters.slice(from).join("")}`, spans: moved };
}

/** A highlight's text with its words marked. Spans count Unicode characters, as the API says. */
export function marked({ text, spans }) {
  const characters = Array.from(text);
  const parts = [];
  let at = 0;
  for (const { start, end } of spans) {
    parts.push(characters.slice(at, start).join(""), html`<mark>${characters.slice(start, end).join("")}</mark>`);
    at = end;
  }
  parts.push(characters.slice(at).join(""));
  return parts;
}

function Nothing({ query, change }) {
  const without = () => change({ ...query, where: [] });
  return html`<div class="notice">
    <p>Words are looked for in what can be read in a picture, in titles, captions, keywords, file names and names of people.</p>
    ${query.where.length
      ? html`<p>The filters may leave too little: <button class="button" onClick=${without}>Search without filters</button></p>`
      : html`<p>Try fewer or other words, or look through <a href="#/">all photos</a>.</p>`}
  </div>`;
}

let facetsThere = true;

/** Years, cameras and people among what was found: each narrows the search. */
function Facets({ asked, query, change }) {
  const [facets, setFacets] = useState(null);
  const key = JSON.stringify(asked);
  useEffect(() => {
    if (!facetsThere) return undefined;
    const request = new AbortController();
    ask("/v1/search/facets", { method: "POST", body: asked, signal: request.signal }).then(setFacets, (error) => {
      if ([403, 404, 405].includes(error.status)) facetsThere = false;
      if (error.name !== "AbortError") setFacets(null);
    });
    return () => request.abort();
  }, [key]);
  if (!facets) return null;
  const add = (one) => change({ ...query, where: [...query.where, one] });
  const chip = (label, photos, made) => html`<button class="facet" onClick=${made}>${label} <small>${photos}</small></button>`;
  const rows = [
    ["Years", facets.years, (one) => chip(one.value, one.photos, () => add(condition("year", "=", one.value)))],
    ["Cameras", facets.cameras, (one) => chip(one.value, one.photos, () => add(condition("camera.model", "=", one.value)))],
    ["People", facets.people, (one) => chip(one.name, one.photos, () => change({ ...query, person: one.id }))],
  ].filter(([, found]) => found?.length > 1);
  if (!rows.length) return null;
  return html`<div class="facets">
    ${rows.map(([name, found, made]) => html`<div role="group" aria-label=${name}>${found.slice(0, 8).map(made)}</div>`)}
  </div>`;
}
