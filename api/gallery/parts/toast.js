// One line at the lower edge that says what was done, or why not, and goes away.
import { html, useEffect, useState } from "../dom.js";

const SECONDS = 6;
let show = () => {};

/** Says something to whoever looks; errors stay until they are closed. `action` is `{label, run}`: what to do about it. */
export function say(text, { fault = false, action = null } = {}) {
  show({ text, fault, action, at: Date.now() });
}

export function Toast() {
  const [told, setTold] = useState(null);
  useEffect(() => {
    show = setTold;
    return () => {
      show = () => {};
    };
  }, []);
  useEffect(() => {
    if (!told || told.fault) return undefined;
    const timer = setTimeout(() => setTold(null), SECONDS * 1000);
    return () => clearTimeout(timer);
  }, [told]);
  return html`<div aria-live="polite" class="toasts">
    ${told && html`<div class=${`toast${told.fault ? " fault" : ""}`} role=${told.fault ? "alert" : undefined}>
      <span>${told.text}</span>
      ${told.action && html`<button class="button strong" onClick=${() => (setTold(null), told.action.run())}>${told.action.label}</button>`}
      <button class="button" onClick=${() => setTold(null)}>Close</button>
    </div>`}
  </div>`;
}
