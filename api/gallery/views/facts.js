// What is known about a photo, and who says so.
import { address } from "../api.js";
import { html, useState } from "../dom.js";
import { condition } from "../filters.js";
import { useAnswer } from "../parts/asking.js";
import { Fault, Waiting } from "../parts/notices.js";
import { link } from "../route.js";
import { cameraName, clock, count, day, exposureTime, figure, instant, size, title } from "../wording.js";
import { Together } from "./together.js";

const SOURCES = {
  exif: ["EXIF", "Written into the file by the camera"],
  xmp: ["XMP", "Written into the file by a program"],
  iptc: ["IPTC", "Written into the file by a program"],
  name: ["file name", "Read from the file's name"],
  location: ["position", "Follows from where the photo was taken"],
  estimate: ["estimate", "Not said anywhere: the best guess there is"],
  sidecar: ["sidecar", "From a file beside the photo"],
  manual: ["by hand", "Somebody said so"],
  admin: ["by hand", "An administrator said so"],
};

export function Facts({ photo, read, named, fileName, pointed, point }) {
  const from = (...columns) => columns.map((column) => photo.field_sources[column]).find(Boolean);
  const { taken_at: taken, camera, exposure, location } = photo;
  const where = (field, value) => link("/", { where: condition(field, "=", value) });
  const settings = [
    exposure.exposure_seconds && exposureTime(exposure.exposure_seconds),
    exposure.f_number && `f/${exposure.f_number}`,
    exposure.iso && `ISO ${exposure.iso}`,
    exposure.focal_length_mm && `${exposure.focal_length_mm} mm`,
    exposure.flash && "flash",
  ].filter(Boolean);
  const people = photo.faces.filter((face) => face.person_id in named);
  return html`<aside class="facts" aria-label="Details">
    <h1>${title(photo)}</h1>
    ${photo.description && html`<p>${photo.description}</p>`}
    <dl>
      ${taken
        ? html`<${Fact} name="Taken" source=${from("taken_local")} rule=${taken.source}>
            <a href=${link("/", { where: `taken_at = ${taken.local.slice(0, 10)}` })}>${day(taken.local)}</a>, ${clock(taken.local)}
            ${taken.offset && html` <span class="quiet">UTC${taken.offset}</span>`}
          <//>`
        : html`<${Fact} name="Taken"><span class="quiet">nothing says when</span><//>`}
      ${location && html`<${Fact} name="Place" source=${from("latitude")}>${degrees(location.latitude, "N", "S")} ${degrees(location.longitude, "E", "W")}${location.altitude_m === null ? "" : `, ${Math.round(location.altitude_m)} m`}<//>`}
      ${camera.model && html`<${Fact} name="Camera" source=${from("camera_model", "camera_make")}><a href=${where("camera.model", camera.model)}>${cameraName(camera)}</a><//>`}
      ${camera.lens && html`<${Fact} name="Lens" source=${from("lens")}>${camera.lens}<//>`}
      ${settings.length > 0 && html`<${Fact} name="Exposure" source=${from("exposure_seconds", "f_number", "iso", "focal_length_mm")}>${settings.join(" · ")}<//>`}
      ${photo.title && html`<${Fact} name="Title" source=${from("title")}>${photo.title}<//>`}
      ${photo.keywords.length > 0 && html`<${Fact} name="Keywords" source=${from("keywords")}>${photo.keywords.map((word, at) => html`${at ? ", " : ""}<a href=${link("/", { where: condition("keywords", ":", word) })}>${word}</a>`)}<//>`}
      ${photo.rating !== null && html`<${Fact} name="Rating" source=${from("rating")}>${photo.rating < 0 ? "rejected" : `${"★".repeat(photo.rating)}${"☆".repeat(5 - photo.rating)}`}<//>`}
      <${Fact} name="Picture">${photo.width ? `${figure(photo.width)} × ${figure(photo.height)}` : "cannot be decoded"} <span class="quiet">${photo.media_type.replace("image/", "")}, ${size(photo.size_bytes)}</span><//>
      ${people.length > 0 && html`<${Fact} name="People">${people.map((face, at) => html`${at ? ", " : ""}<a href=${link(`/people/${face.person_id}`)} onMouseEnter=${() => point(face.id)} onMouseLeave=${() => point(null)}>${named[face.person_id] || "somebody"}</a>`)}<//>`}
    </dl>
    ${read?.length > 0 && html`<section>
      <h2>Text <small>${count(read.length, "line")}</small></h2>
      <ol class="lines">
        ${read.map((line, number) => html`<li class=${pointed === `line ${number}` ? "pointed" : ""} onMouseEnter=${() => point(`line ${number}`)} onMouseLeave=${() => point(null)} title=${`Read with ${Math.round(line.score * 100)} % certainty`}>${line.text}</li>`)}
      </ol>
    </section>`}
    <${Together} photo=${photo} />
    <section>
      <h2>Files <small>${photo.files.length}</small></h2>
      <ul class="files">
        ${photo.files.map((file) => html`<li><span>${fileName(file)}</span> <small class="quiet">${size(file.size_bytes)}, changed ${instant(file.modified_at)}</small></li>`)}
      </ul>
    </section>
    <${Outputs} outputs=${photo.outputs} />
    <${Why} id=${photo.id} />
  </aside>`;
}

function Fact({ name, source, rule, children }) {
  const [label, meaning] = SOURCES[source] || [];
  return html`<div>
    <dt>${name}</dt>
    <dd>${children} ${label && html`<span class="source" title=${`${meaning}${rule ? ` (${rule})` : ""}`}>${rule ? rule.replace(":", " ") : label}</span>`}</dd>
  </div>`;
}

function degrees(value, positive, negative) {
  return `${Math.abs(value).toFixed(4)}° ${value < 0 ? negative : positive}`;
}

const STATES = { done: "made", failed: "failed", missing: "not made yet", off: "switched off" };

function Outputs({ outputs }) {
  const named = Object.entries(outputs).filter(([name]) => name !== "photos");
  const done = named.filter(([, one]) => one.state === "done").length;
  return html`<details class="outputs" open=${done < named.length}>
    <summary><h2>Outputs <small>${done} of ${named.length} made</small></h2></summary>
    <ul>
      ${named.map(([name, one]) => html`<li class=${one.state}>
        <span class="dot" aria-hidden="true"></span><b>${name}</b> <span>${STATES[one.state]}${one.provider ? ` by ${one.provider}` : ""}</span>
        ${one.version && html` <code>${one.version}</code>`}
        ${one.reason && html`<p>${one.reason}</p>`}
      </li>`)}
    </ul>
  </details>`;
}

/** What became of the photo and its files, asked for when somebody wants to know. */
function Why({ id }) {
  const [open, setOpen] = useState(false);
  const { data, error, again } = useAnswer(open ? address("/v1/why", { subject: id }) : null);
  return html`<details class="why" onToggle=${(event) => setOpen(event.target.open)}>
    <summary><h2>Why</h2></summary>
    ${error ? html`<${Fault} error=${error} again=${again} />` : open && !data ? html`<${Waiting} />` : null}
    ${data && html`<p>${data.verdict}</p>
      <ol>
        ${data.batches.map((batch) => html`<li><b>${batch.kind === "import" ? "Import" : "Refill"}</b> ${batch.state}, ${instant(batch.finished_at || batch.frozen_at)}${batch.error ? html`<p>${batch.error}</p>` : ""}</li>`)}
        ${data.failures.map((one) => html`<li class="failed"><b>${one.output}</b> failed: ${one.reason} <span class="quiet">${instant(one.recorded_at)}</span></li>`)}
      </ol>
      <p class="quiet">${count(data.gates.filter((gate) => gate.passed).length, "quality gate")} passed${data.gates.some((gate) => !gate.passed) ? `, ${data.gates.filter((gate) => !gate.passed).length} did not` : ""}.</p>`}
  </details>`;
}
