// Duplicates: photos that are one picture, side by side, with the one to keep.
import { ask, tagged } from "../api.js";
import { html, useEffect, useRef, useState } from "../dom.js";
import { usePages } from "../parts/asking.js";
import { More } from "../parts/more.js";
import { Empty } from "../parts/notices.js";
import { useFileName } from "../parts/sources.js";
import { say } from "../parts/toast.js";
import { link } from "../route.js";
import { clock, count, day, description, figure, size } from "../wording.js";

const AT_FIRST = 12;
const KINDS = {
  bytes: ["The same file more than once", "Every byte is the same."],
  pixels: ["The same picture", "The files differ, what they show does not: somebody changed a tag."],
  near: ["Nearly the same picture", "Another size, position, compression or small edit of one picture."],
};

export function Duplicates({ me }) {
  const [kind, setKind] = useState("");
  const [decided, setDecided] = useState(false);
  const list = usePages("/v1/duplicates", { kind, decided, limit: 20 });
  const { items, change } = list;
  const again = useRef(null);
  again.current = list.again;
  const may = me.scopes.includes("duplicates:write");
  const named = useFileName(me);

  function put(now) {
    const stays = now.decision === (decided ? "kept" : null);
    change((groups) => groups.map((one) => (one.id === now.id ? now : one)).filter((one) => one.id !== now.id || stays));
  }
  async function decide(group, path, body, text) {
    try {
      // A list has no tags, and may be older than what was found or decided since: the group is compared with what is
      // shown of it, and its tag holds what was compared until the decision is there.
      const found = await tagged(`/v1/duplicates/${group.id}`);
      if (look(found.data) !== look(group)) {
        put(found.data);
        say("This group has changed; look again.", { fault: true });
        return;
      }
      const made = await tagged(`/v1/duplicates/${group.id}/${path}`, { method: "POST", body, match: found.tag });
      put(made.data);
      say(text, { undo: () => restore(group, made.tag) });
    } catch (fault) {
      say(fault.message, { fault: true });
    }
  }
  const keep = (group, keeper) =>
    decide(group, "keep", { keeper_id: keeper }, `One is kept; ${group.photo_count === 2 ? "the other counts as a copy" : `the ${group.photo_count - 1} others count as copies`}`);
  const dismiss = (group) =>
    decide(group, "dismiss", undefined, group.photo_count === 1 ? "All these files are wanted." : "They are different photos, and stay so.");
  const withdraw = (group) => decide(group, "withdraw", undefined, "Nothing is decided about these any more.");
  // What counted before is decided again, or nothing is.
  async function restore({ id, decision, keeper_id }, tag) {
    const [path, body] = decision === "kept" ? ["keep", { keeper_id }] : ["withdraw"];
    try {
      await ask(`/v1/duplicates/${id}/${path}`, { method: "POST", body, match: tag });
      again.current();
      say("Taken back");
    } catch (fault) {
      say(fault.message, { fault: true });
    }
  }
  const none = decided
    ? html`<${Empty} title="Nothing is decided yet"><p>Groups of which you chose the one to keep are kept here.</p><//>`
    : html`<${Empty} title="No duplicates"><p>Photos are compared a little after they are taken in. What you decided about does not come back.</p><//>`;
  return html`<div class="bar">
      <h1>Duplicates</h1>
      <span class="room"></span>
      <button class="button" aria-pressed=${decided} onClick=${() => setDecided(!decided)}>Decided</button>
      <label>Show <select value=${kind} onChange=${(event) => setKind(event.target.value)}>
        <option value="">all</option>
        ${Object.entries(KINDS).map(([name, [label]]) => html`<option value=${name}>${label.toLowerCase()}</option>`)}
      </select></label>
    </div>
    <p class="quiet">Keeping one says which of them counts. No file is deleted.</p>
    ${items?.length === 0 && none}
    ${items?.map((group) => html`<${Group} key=${group.id} group=${group} may=${may} keep=${keep} dismiss=${dismiss} withdraw=${withdraw} named=${named} />`)}
    <${More} list=${list} />`;
}

/** What is decided about: who is in the group, in which files, and what counts so far. */
function look({ decision, keeper_id, photo_count, photos }) {
  const held = photos.map(({ id, files }) => [id, files.map(({ source_id, path }) => [source_id, path])]);
  return JSON.stringify([decision, keeper_id, photo_count, held]);
}

function Group({ group, may, keep, dismiss, withdraw, named }) {
  const [keeper, setKeeper] = useState(group.keeper_id);
  useEffect(() => setKeeper(group.keeper_id), [look(group)]);
  const [label, meaning] = KINDS[group.kind] || [group.kind, ""];
  const [all, setAll] = useState(false);
  const photos = all ? group.photos : group.photos.slice(0, AT_FIRST);
  const one = group.photo_count === 1;
  const decided = group.decision === "kept";
  return html`<section class="group" aria-label=${label}>
    <header>
      <h2>${label}</h2>
      <p class="quiet">${meaning} ${group.wasted_bytes > 0 ? `${size(group.wasted_bytes)} could be saved.` : ""}</p>
    </header>
    <ul>
      ${photos.map((photo) => html`<li key=${photo.id} class=${photo.id === keeper && !one ? "keeper" : ""}>
        <a href=${link(`/photo/${photo.id}`)} aria-label=${description(photo)}>${photo.renditions.thumbnail && html`<img src=${photo.renditions.thumbnail} alt="" loading="lazy" decoding="async" />`}</a>
        ${!one && html`<label><input type="radio" name=${`keep-${group.id}`} checked=${photo.id === keeper} disabled=${!may} onChange=${() => setKeeper(photo.id)} /> ${photo.id !== group.keeper_id ? "Keep" : decided ? "Kept" : "Keep (proposed)"}</label>`}
        <p>${photo.width ? `${figure(photo.width)} × ${figure(photo.height)}` : "cannot be decoded"}, ${size(photo.size_bytes)}</p>
        <p class="quiet">${photo.taken_at ? `${day(photo.taken_at.local)}, ${clock(photo.taken_at.local)}` : "without a date"}</p>
        ${photo.files.map((file) => html`<p class="path" title=${named(file)}>${named(file)}</p>`)}
      </li>`)}
    </ul>
    ${photos.length < group.photos.length && html`<p><button class="button" onClick=${() => setAll(true)}>Show ${count(group.photos.length - photos.length, "more", "more")}</button></p>`}
    ${group.photo_count > group.photos.length && html`<p class="quiet">The first ${group.photos.length} of ${count(group.photo_count, "photo")} are shown.</p>`}
    ${may && html`<p class="actions">
      ${!one && html`<button class="button strong" disabled=${decided && keeper === group.keeper_id} onClick=${() => keep(group, keeper)}>Keep the marked one</button>`}
      ${decided && html`<button class="button" onClick=${() => withdraw(group)}>Decide anew</button>`}
      <button class="button" onClick=${() => dismiss(group)}>${one ? "All these files are wanted" : "They are different photos"}</button>
    </p>`}
  </section>`;
}
