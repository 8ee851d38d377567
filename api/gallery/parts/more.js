// The end of a list that comes page by page: what brings the next page, or why there is none.
import { html } from "../dom.js";
import { useReached } from "./asking.js";
import { Fault, Waiting } from "./notices.js";

/** `list` is what `usePages` gives. The next page comes by itself when its place comes near. */
export function More({ list }) {
  const end = useReached(list.next);
  if (list.error) return html`<${Fault} error=${list.error} again=${list.retry} />`;
  if (!list.items) return html`<${Waiting} />`;
  return list.more && html`<p ref=${end} class="more"><button class="button" onClick=${list.next}>Show more</button></p>`;
}
