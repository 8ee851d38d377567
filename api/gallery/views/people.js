// People: everyone whose face was found, named where somebody said a name.
import { ask } from "../api.js";
import { decide, named } from "../curation.js";
import { html, useRef, useState } from "../dom.js";
import { usePages } from "../parts/asking.js";
import { Icon } from "../parts/icons.js";
import { More } from "../parts/more.js";
import { Empty } from "../parts/notices.js";
import { link } from "../route.js";
import { count } from "../wording.js";

export function People({ me }) {
  const [hidden, setHidden] = useState(false);
  const list = usePages("/v1/people", { hidden, limit: 60 });
  const { items, change, again } = list;
  const [chosen, setChosen] = useState(null);
  const may = me.scopes.includes("people:write");

  const patch = (person, values) =>
    ask(`/v1/people/${person.id}`, { method: "PATCH", body: values }).then((now) =>
      change((all) => all.map((one) => (one.id === now.id ? now : one)).filter((one) => one.hidden === hidden)),
    );
  const rename = (person, name) => named(person, name, () => patch(person, { name: name || null }), again);
  const hide = (person) => decide(hidden ? "Shown again" : "Hidden; it is still under “Hidden”", () => patch(person, { hidden: !hidden }));
  function merge() {
    // Who has a name keeps it, else the one with most photos, which comes first.
    const people = items.filter((one) => chosen.has(one.id));
    const into = people.find((one) => one.name) || people[0];
    const from = people.filter((one) => one !== into).map((one) => one.id);
    return decide(`${count(people.length, "person", "people")} are now one`, async () => {
      await ask(`/v1/people/${into.id}/merge`, { method: "POST", body: { from } });
      setChosen(null);
      again();
    });
  }
  function choose(id) {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    setChosen(next);
  }

  return html`<div class="bar">
      <h1>People</h1>
      <span class="room"></span>
      <button class="button" aria-pressed=${hidden} onClick=${() => setHidden(!hidden)}>Hidden</button>
      ${may && !chosen && items?.length > 1 && html`<button class="button" onClick=${() => setChosen(new Set())}>Merge…</button>`}
      ${chosen && html`<span class="quiet" role="status">${chosen.size ? count(chosen.size, "person", "people") : "Choose those who are one"}</span>
        <button class="button strong" disabled=${chosen.size < 2} onClick=${merge}>Merge</button>
        <button class="button" onClick=${() => setChosen(null)}>Cancel</button>`}
    </div>
    ${items?.length === 0 && html`<${Nobody} hidden=${hidden} />`}
    ${items?.length > 0 && !hidden && html`<p class="hint">Faces of photos that were just taken in join them a little later.</p>`}
    <ul class="people">
      ${items?.map((person) => html`<${Card} key=${person.id} person=${person} may=${may} rename=${rename} hide=${hide} chosen=${chosen?.has(person.id)} choose=${chosen && choose} />`)}
    </ul>
    <${More} list=${list} />`;
}

function Nobody({ hidden }) {
  if (hidden) return html`<${Empty} title="Nobody is hidden"><p>Whom you hide is kept here.</p><//>`;
  return html`<${Empty} title="Nobody yet">
    <p>Faces are looked for in every photo that is taken in; who belongs together is worked out a little later.</p>
    <p>Under <a href="#/health">Health</a> you see how many photos were looked through for faces.</p>
  <//>`;
}

function Card({ person, may, rename, hide, chosen, choose }) {
  const name = person.name || "somebody";
  const face = html`<span class="portrait">${person.cover ? html`<img src=${person.cover.thumbnail} alt="" loading="lazy" decoding="async" />` : html`<${Icon} name="face" />`}</span>`;
  return html`<li class=${`person${chosen ? " chosen" : ""}`}>
    ${choose
      ? html`<button class="open" aria-pressed=${Boolean(chosen)} aria-label=${`Choose ${name}`} onClick=${() => choose(person.id)}>${face}</button>`
      : html`<a class="open" href=${link(`/people/${person.id}`)} aria-label=${`Photos of ${name}`}>${face}</a>`}
    ${may ? html`<${Name} person=${person} rename=${rename} />` : html`<b>${person.name || html`<span class="quiet">not named</span>`}</b>`}
    <small class="quiet">${count(person.photos, "photo")}</small>
    ${may && !choose && html`<button class="bare hide" aria-label=${`${person.hidden ? "Show" : "Hide"} ${name}`} title=${person.hidden ? "Show again" : "Hide"} onClick=${() => hide(person)}><${Icon} name=${person.hidden ? "check" : "hide"} /></button>`}
  </li>`;
}

/** A name that is changed where it stands: Enter or leaving keeps it, Escape does not. */
export function Name({ person, rename }) {
  const [draft, setDraft] = useState(null);
  const left = useRef(false);
  function keep() {
    const name = draft?.trim();
    setDraft(null);
    if (name !== undefined && !left.current && name !== (person.name || "")) rename(person, name);
    left.current = false;
  }
  function key(event) {
    if (event.key === "Enter") event.target.blur();
    if (event.key === "Escape") {
      left.current = true;
      event.target.blur();
    }
  }
  return html`<input
    class="name"
    aria-label=${person.name ? `Name of ${person.name}` : "Name this person"}
    placeholder="Add a name"
    maxlength="200"
    autocomplete="off"
    value=${draft ?? person.name ?? ""}
    onInput=${(event) => setDraft(event.target.value)}
    onBlur=${keep}
    onKeyDown=${key}
  />`;
}
