// What is shown where there is nothing else: an empty place says what fills it, a fault what mends it.
import { html } from "../dom.js";

export function Empty({ title, children }) {
  return html`<div class="notice"><h2>${title}</h2>${children}</div>`;
}

export function Fault({ error, again }) {
  return html`<div class="notice fault" role="alert">
    <h2>${error.status === 0 ? "Nobody answers" : "That did not work"}</h2>
    <p>${[error.message, ...(error.errors || []).map((one) => one.detail)].join(" ")}</p>
    ${again && html`<p><button class="button" onClick=${again}>Try again</button></p>`}
  </div>`;
}

export function NotUnderstood() {
  return html`<${Empty} title="This filter cannot be understood"><p>The box above says why. Remove the marked filter, or write it again.</p><//>`;
}

export function Waiting({ label = "Loading" }) {
  return html`<p class="waiting" role="status"><span class="spinner" aria-hidden="true"></span> ${label}…</p>`;
}

export function Command({ children }) {
  return html`<code class="command">${children}</code>`;
}
