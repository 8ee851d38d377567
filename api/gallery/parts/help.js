// The keys there are, as a dialog.
import { html } from "../dom.js";
import { Icon } from "./icons.js";

const KEYS = [
  ["/", "Search"],
  ["← → ↑ ↓", "Move among photos"],
  ["Home End", "Newest, oldest photo"],
  ["Enter", "Open the photo"],
  ["← →", "Previous, next photo, while one is open"],
  ["F T", "Show or hide faces, text"],
  ["I", "Show or hide what is known about the photo"],
  ["Ctrl+Z", "Undo, while it is offered"],
  ["Esc", "Close, or empty the search box"],
  ["?", "This list"],
];

export function Help({ dialog }) {
  return html`<dialog ref=${dialog} class="help" aria-labelledby="help-title" onClick=${(event) => event.target === dialog.current && dialog.current.close()}>
    <div>
      <h2 id="help-title">Keyboard</h2>
      <dl>
        ${KEYS.map(([keys, does]) => html`<dt>${keys.split(" ").map((key) => html`<kbd>${key}</kbd>`)}</dt><dd>${does}</dd>`)}
      </dl>
      <button class="bare" aria-label="Close" onClick=${() => dialog.current.close()}><${Icon} name="close" /></button>
    </div>
  </dialog>`;
}
