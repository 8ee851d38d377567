// What a photo belongs together with: the burst it is of, the raw file it was developed from or the other way round.
import { address } from "../api.js";
import { html, useState } from "../dom.js";
import { useAnswer } from "../parts/asking.js";
import { link } from "../route.js";
import { count, description, title } from "../wording.js";

const AT_FIRST = 12;

export function Together({ photo }) {
  const { data } = useAnswer(address("/v1/stacks", { photo_id: photo.id }));
  const stacks = (data?.items || []).filter((stack) => stack.photos.some((one) => one.id !== photo.id));
  if (!stacks.length) return null;
  return html`<section class="together">
    <h2>Belongs together</h2>
    ${stacks.map((stack) => html`<${Stack} key=${stack.id} stack=${stack} photo=${photo} />`)}
  </section>`;
}

function Stack({ stack, photo }) {
  const [all, setAll] = useState(false);
  const others = stack.photos.filter((one) => one.id !== photo.id);
  const shown = all ? others : others.slice(0, AT_FIRST);
  // A raw file comes after what was developed from it.
  const raw = stack.kind === "raw_jpeg" ? stack.photos.at(-1).id : null;
  const role = (one) => (raw === null ? "" : one.id === raw ? "Raw file" : "Developed");
  return html`<p>${meaning(stack, photo, raw)}</p>
    <ul>
      ${shown.map((one) => html`<li key=${one.id}>
        <a href=${link(`/photo/${one.id}`)} aria-label=${[role(one), description(one)].filter(Boolean).join(": ")} title=${title(one)}>
          ${one.renditions.thumbnail ? html`<img src=${one.renditions.thumbnail} alt="" loading="lazy" decoding="async" />` : html`<span class="broken">${title(one)}</span>`}
        </a>
        ${raw && html`<small>${role(one)}</small>`}
      </li>`)}
    </ul>
    ${shown.length < others.length && html`<button class="button" onClick=${() => setAll(true)}>Show ${count(others.length - shown.length, "more", "more")}</button>`}`;
}

function meaning({ kind, photos }, photo, raw) {
  if (kind !== "raw_jpeg") return `A burst: ${count(photos.length, "shot")} in quick succession. This is number ${photos.findIndex((one) => one.id === photo.id) + 1}.`;
  return photo.id === raw ? "This is a raw file, shown with what was developed from it." : "This was developed from a raw file.";
}
