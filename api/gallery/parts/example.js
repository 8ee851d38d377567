// A picture of one's own as a question: chosen, pasted or dropped, it finds photos that look like it.
import { ask } from "../api.js";
import { html, useEffect, useRef, useState } from "../dom.js";
import { Icon } from "./icons.js";
import { say } from "./toast.js";

/** `found` gets the example's id. The picture is kept for minutes and becomes no photo. */
export function ExampleButton({ found }) {
  const input = useRef(null);
  const [busy, setBusy] = useState(false);
  const [over, setOver] = useState(false);

  async function send(file) {
    if (!file) return;
    setBusy(true);
    try {
      const made = await ask("/v1/search/examples", { method: "POST", bytes: file });
      found(made.example_id);
    } catch (fault) {
      say(fault.status === 404 ? "This Darkroom does not search by pictures." : fault.message, { fault: true });
    } finally {
      setBusy(false);
      if (input.current) input.current.value = "";
    }
  }
  const latest = useRef(send);
  latest.current = send;
  useEffect(() => {
    const picture = (transfer) => [...(transfer?.files || [])].find((file) => file.type.startsWith("image/"));
    const carries = (event) => event.dataTransfer?.types.includes("Files");
    const on = {
      dragover: (event) => carries(event) && (event.preventDefault(), setOver(true)),
      dragleave: (event) => event.relatedTarget === null && setOver(false),
      drop: (event) => {
        if (!carries(event)) return;
        event.preventDefault();
        setOver(false);
        latest.current(picture(event.dataTransfer));
      },
      paste: (event) => latest.current(picture(event.clipboardData)),
    };
    for (const [name, heard] of Object.entries(on)) window.addEventListener(name, heard);
    return () => {
      for (const [name, heard] of Object.entries(on)) window.removeEventListener(name, heard);
    };
  }, []);
  return html`<button type="button" class="bare" disabled=${busy} aria-label="Search by a picture of yours" title="Search by a picture: choose, drop or paste one" onClick=${() => input.current.click()}>
      ${busy ? html`<span class="spinner"></span>` : html`<${Icon} name="example" />`}
    </button>
    <input ref=${input} class="unseen" type="file" accept="image/*" tabindex="-1" aria-hidden="true" onChange=${(event) => send(event.target.files[0])} />
    ${over && html`<div class="dropping" role="status">Drop the picture to find photos like it</div>`}`;
}
