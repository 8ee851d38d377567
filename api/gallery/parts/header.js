// What is around every view: the search box above, the views beside, and the menu.
import { ask } from "../api.js";
import { html, useState } from "../dom.js";
import { link } from "../route.js";
import { Icon } from "./icons.js";
import { SearchBox } from "./searchbox.js";

const NAMES = { photos: "Photos", people: "People", duplicates: "Duplicates", imports: "Imports", health: "Health" };
const THEMES = { auto: "As the system", light: "Light", dark: "Dark" };

export function Header({ query, change, problem, help }) {
  return html`<header class="header">
    <a class="brand" href="#/" aria-label="Darkroom, all photos"><span class="lamp" aria-hidden="true"></span><span>Darkroom</span></a>
    <${SearchBox} query=${query} change=${change} wrong=${problem?.number} problem=${problem?.text} />
    <${Menu} help=${help} />
    ${problem && html`<p class="problem" role="alert">${problem.text}</p>`}
  </header>`;
}

export function Navigation({ views, view }) {
  return html`<nav class="navigation" aria-label="Views">
    <ul>
      ${views.map(
        (name) => html`<li key=${name}>
          <a href=${link(name === "photos" ? "/" : `/${name}`)} aria-current=${name === view ? "page" : undefined}>
            <${Icon} name=${name} /><span>${NAMES[name]}</span>
          </a>
        </li>`,
      )}
    </ul>
  </nav>`;
}

function Menu({ help }) {
  const [theme, setTheme] = useState(document.documentElement.dataset.theme || "auto");
  function choose(name) {
    setTheme(name);
    if (name === "auto") {
      delete document.documentElement.dataset.theme;
      localStorage.removeItem("darkroom.theme");
    } else {
      document.documentElement.dataset.theme = name;
      localStorage.setItem("darkroom.theme", name);
    }
  }
  async function signOut() {
    try {
      await ask("/v1/sessions/current", { method: "DELETE" });
    } finally {
      location.reload();
    }
  }
  return html`<button type="button" class="bare" popovertarget="menu" aria-label="Menu" title="Menu"><${Icon} name="more" /></button>
    <div id="menu" popover="auto" class="panel menu">
      <fieldset class="themes">
        <legend>Colours</legend>
        ${Object.entries(THEMES).map(
          ([name, label]) => html`<label key=${name}>
            <input type="radio" name="theme" value=${name} checked=${theme === name} onChange=${() => choose(name)} />
            <${Icon} name=${{ auto: "auto", light: "sun", dark: "moon" }[name]} /> ${label}
          </label>`,
        )}
      </fieldset>
      <button type="button" popovertarget="menu" popovertargetaction="hide" onClick=${help}><${Icon} name="keys" /> Keyboard</button>
      <button type="button" onClick=${signOut}><${Icon} name="signout" /> Sign out</button>
    </div>`;
}
