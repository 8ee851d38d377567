// One person: every face of theirs, and what to do where a face is somebody else's.
import { ask } from "../api.js";
import { decide, named } from "../curation.js";
import { html, useEffect, useState } from "../dom.js";
import { useAnswer, usePages } from "../parts/asking.js";
import { More } from "../parts/more.js";
import { Empty, Fault, Waiting } from "../parts/notices.js";
import { go, link } from "../route.js";
import { count } from "../wording.js";
import { Name } from "./people.js";

export function Person({ id, me, sequence }) {
  const { data: person, error, again } = useAnswer(`/v1/people/${id}`);
  const list = usePages(`/v1/people/${id}/faces`, { limit: 100 });
  const { items, change } = list;
  const [chosen, setChosen] = useState(null);
  const may = me.scopes.includes("people:write");

  useEffect(() => {
    const photos = [...new Set((items || []).map((face) => face.photo_id))];
    sequence.current = { total: photos.length, find: (photo) => photos.indexOf(photo), get: async (at) => ({ id: photos[at], renditions: {} }) };
  }, [items]);

  const part = (path, text, then) =>
    decide(text, async () => {
      const made = await ask(`/v1/people/${id}/${path}`, { method: "POST", body: { face_ids: [...chosen] } });
      change((faces) => faces.filter((face) => !chosen.has(face.id)));
      setChosen(null);
      again();
      then?.(made);
    });
  const rename = (_, name) =>
    named(person, name, async () => {
      await ask(`/v1/people/${id}`, { method: "PATCH", body: { name: name || null } });
      again();
    }, () => go("/people"));
  function choose(face) {
    const chosenNow = new Set(chosen);
    if (!chosenNow.delete(face)) chosenNow.add(face);
    setChosen(chosenNow);
  }

  if (!person) return html`<h1 class="unseen">Person</h1>${error ? html`<${Fault} error=${error} again=${again} />` : html`<${Waiting} />`}`;
  const name = person.name || "this person";
  return html`<div class="bar">
      <h1 class=${may ? "unseen" : ""}>${person.name || "Somebody"}</h1>
      ${may && html`<${Name} person=${person} rename=${rename} />`}
      <span class="quiet">${count(person.photos, "photo")}</span>
      <span class="room"></span>
      <a class="button" href=${link("/", { person: id })}>Search their photos</a>
      ${may && !chosen && items?.length > 1 && html`<button class="button" onClick=${() => setChosen(new Set())}>Not all one person…</button>`}
      ${chosen && html`<span class="quiet" role="status">${chosen.size ? count(chosen.size, "face") : "Choose the faces of somebody else"}</span>
        <button class="button strong" disabled=${!chosen.size || chosen.size === items.length} onClick=${() => part("split", "They are a person of their own now", (made) => go(`/people/${made.id}`))}>Split off</button>
        <button class="button" disabled=${!chosen.size} onClick=${() => part("reject", `No longer ${name}`)}>Not ${name}</button>
        <button class="button" onClick=${() => setChosen(null)}>Cancel</button>`}
    </div>
    ${items && !items.length && html`<${Empty} title="No faces are left"><p><a href="#/people">All people</a></p><//>`}
    <ul class="faces">
      ${items?.map((face) => {
        const picture = html`<img src=${face.thumbnail} alt="" loading="lazy" decoding="async" />`;
        return html`<li key=${face.id} class=${chosen?.has(face.id) ? "chosen" : ""}>
          ${chosen
            ? html`<button aria-pressed=${chosen.has(face.id)} aria-label="Choose this face" onClick=${() => choose(face.id)}>${picture}</button>`
            : html`<a href=${link(`/photo/${face.photo_id}`)} aria-label=${`Photo of ${name}`}>${picture}</a>`}
        </li>`;
      })}
    </ul>
    <${More} list=${list} />`;
}
