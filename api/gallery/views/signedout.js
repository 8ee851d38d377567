// What a browser sees that is not signed in: what to do about it.
import { html } from "../dom.js";
import { Command } from "../parts/notices.js";

export function SignedOut() {
  const used = location.pathname === "/signin" && new URLSearchParams(location.search).has("code");
  return html`<main class="signedout" id="main">
    <span class="lamp" aria-hidden="true"></span>
    <h1>Darkroom</h1>
    ${used
      ? html`<p role="alert">This address was used already, or is too old: it signs in one browser, once.</p>`
      : html`<p>This browser is not signed in.</p>`}
    <p>On the machine Darkroom runs on, run</p>
    <p><${Command}>darkroom open<//></p>
    <p>and open the address it prints in this browser.</p>
    <p class="quiet">From a checkout that is <code>.venv/bin/darkroom open</code>; for a home elsewhere, <code>darkroom --home FOLDER open</code>.</p>
  </main>`;
}
