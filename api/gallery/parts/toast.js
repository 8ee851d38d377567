// One line at the lower edge that says what was done, or why not, and goes away.
import { html, useEffect, useState } from "../dom.js";
import { useShortcuts } from "../keys.js";

const SECONDS = 6;
// Who moves by keyboard, or has the page read aloud, needs time to come to what is offered.
const SECONDS_TO_ACT = 20;
let show = () => {};

/**
 * Says something to whoever looks; errors stay until they are closed. `action` is `{label, run}`: what to do about it;
 * `undo` takes back what was done, by its button or Ctrl+Z.
 */
export function say(text, { fault = false, action = null, undo = null } = {}) {
  show({ text, fault, action: undo ? { label: "Undo", run: undo } : action, undo, at: Date.now() });
}

export function Toast() {
  const [told, setTold] = useState(null);
  useEffect(() => {
    show = setTold;
    return () => {
      show = () => {};
    };
  }, []);
  return html`<div aria-live="polite" class="toasts">
    ${told && html`<${Told} key=${told.at} told=${told} close=${() => setTold(null)} />`}
  </div>`;
}

function Told({ told, close }) {
  const { text, fault, action, undo } = told;
  const [held, setHeld] = useState(false);
  useEffect(() => {
    if (fault || held) return undefined;
    const timer = setTimeout(close, (action ? SECONDS_TO_ACT : SECONDS) * 1000);
    return () => clearTimeout(timer);
  }, [told, held]);
  const act = () => (close(), action.run());
  useShortcuts({ "Ctrl+z": act }, Boolean(undo));
  const hold = () => setHeld(true);
  const leave = () => setHeld(false);
  return html`<div class=${`toast${fault ? " fault" : ""}`} role=${fault ? "alert" : undefined} onMouseEnter=${hold} onMouseLeave=${leave} onFocusIn=${hold} onFocusOut=${leave}>
    <span>${text}</span>
    ${action && html`<button class="button strong" aria-keyshortcuts=${undo ? "Control+Z" : undefined} title=${undo ? "Ctrl+Z" : undefined} onClick=${act}>${action.label}</button>`}
    <button class="button" onClick=${close}>Close</button>
  </div>`;
}
