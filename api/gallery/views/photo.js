// One photo, over whatever list it was opened from: the picture with what was found in it, and what is known about it.
import { address, ask } from "../api.js";
import { html, useEffect, useLayoutEffect, useRef, useState } from "../dom.js";
import { useShortcuts } from "../keys.js";
import { useAnswer } from "../parts/asking.js";
import { Icon } from "../parts/icons.js";
import { Fault, Waiting } from "../parts/notices.js";
import { useFileName } from "../parts/sources.js";
import { go } from "../route.js";
import { description, title } from "../wording.js";
import { Facts } from "./facts.js";

const KEPT = "darkroom.photo";
const SWIPE = 60;

function useKept(name, initial) {
  const kept = JSON.parse(localStorage.getItem(KEPT) || "{}");
  const [value, setValue] = useState(kept[name] ?? initial);
  const set = (next) => {
    localStorage.setItem(KEPT, JSON.stringify({ ...JSON.parse(localStorage.getItem(KEPT) || "{}"), [name]: next }));
    setValue(next);
  };
  return [value, set];
}

export function Photo({ me, id, words, sequence, close, views }) {
  const { data: photo, error, again } = useAnswer(`/v1/photos/${id}`);
  const { data: read } = useAnswer(photo?.text ? `/v1/photos/${id}/text` : null);
  const named = useNames(views.includes("people") ? photo?.faces : null);
  const [faces, setFaces] = useKept("faces", true);
  const [lines, setLines] = useKept("lines", true);
  const [facts, setFacts] = useKept("facts", window.innerWidth > 900);
  const [pointed, setPointed] = useState(null);
  const fileName = useFileName(me);
  const panel = useRef(null);
  const neighbours = useNeighbours(id, sequence);

  useEffect(() => {
    setPointed(null);
    // A link to another photo is gone with the details it stood in; whoever followed it stays in here.
    if (document.activeElement === document.body) panel.current.focus();
  }, [id]);
  useLayoutEffect(() => {
    panel.current.focus();
    document.documentElement.classList.add("covered");
    return () => document.documentElement.classList.remove("covered");
  }, []);
  useEffect(() => {
    if (photo) document.title = `${title(photo)} · Darkroom`;
  }, [photo]);

  const turn = (to) => to && go(`/photo/${to}`, {}, { replace: true });
  useShortcuts({
    Escape: close,
    ArrowLeft: () => turn(neighbours.before),
    ArrowRight: () => turn(neighbours.after),
    f: () => setFaces(!faces),
    t: () => setLines(!lines),
    i: () => setFacts(!facts),
  });
  const toggle = (icon, label, on, set, number) => html`<button class="bare" aria-pressed=${on} disabled=${number === 0} onClick=${() => set(!on)} title=${label}>
    <${Icon} name=${icon} /><span class="label">${label}</span>${number ? html`<small>${number}</small>` : null}
  </button>`;
  const touch = useRef(null);
  const touched = (event) => {
    const { clientX: x, clientY: y } = event.changedTouches[0];
    if (event.type === "touchstart") {
      touch.current = event.touches.length === 1 && (window.visualViewport?.scale ?? 1) === 1 ? { x, y } : null;
    } else if (touch.current && Math.abs(x - touch.current.x) > SWIPE && Math.abs(y - touch.current.y) < SWIPE) {
      turn(x < touch.current.x ? neighbours.after : neighbours.before);
    }
  };
  return html`<div class=${`photo${facts ? " with-facts" : ""}`} role="dialog" aria-modal="true" aria-label=${photo ? description(photo) : "Photo"} tabindex="-1" ref=${panel}>
    <div class="stage" onTouchStart=${touched} onTouchEnd=${touched}>
      <div class="tools">
        <button class="bare" onClick=${close} aria-label="Back" title="Back (Esc)"><${Icon} name="previous" /></button>
        <span class="room"></span>
        ${photo && toggle("face", "Faces", faces, setFaces, photo.faces.length)}
        ${photo && toggle("text", "Text", lines, setLines, photo.text === null ? 0 : (read?.lines.length ?? 0))}
        ${photo && html`<a class="bare" href=${address("#/", { photo: id })} title="Photos that look alike"><${Icon} name="similar" /><span class="label">Similar</span></a>`}
        ${photo && html`<a class="bare" href=${`/v1/photos/${id}/original`} target="_blank" rel="noopener" title="The original file"><${Icon} name="original" /><span class="label">Original</span></a>`}
        ${toggle("info", "Details", facts, setFacts)}
      </div>
      ${error ? html`<${Fault} error=${error} again=${again} />` : !photo ? html`<${Waiting} />` : html`<${Picture} key=${id} photo=${photo} faces=${faces} named=${named} lines=${lines ? read?.lines : null} words=${words} pointed=${pointed} point=${setPointed} />`}
      ${neighbours.before && html`<button class="turn before" aria-label="Previous photo" onClick=${() => turn(neighbours.before)}><${Icon} name="previous" /></button>`}
      ${neighbours.after && html`<button class="turn after" aria-label="Next photo" onClick=${() => turn(neighbours.after)}><${Icon} name="next" /></button>`}
    </div>
    ${facts && photo && html`<${Facts} key=${id} photo=${photo} read=${read?.lines} named=${named} fileName=${fileName} pointed=${pointed} point=${setPointed} />`}
  </div>`;
}

/** The ids of the photos before and after one, in the list it was opened from. */
function useNeighbours(id, sequence) {
  const [found, setFound] = useState({});
  useEffect(() => {
    let gone = false;
    const source = sequence.current;
    const at = source?.find(id) ?? -1;
    if (at < 0) {
      setFound({});
      return undefined;
    }
    const near = async (position) => {
      if (position < 0 || position >= source.total) return null;
      const photo = await source.get(position).catch(() => null);
      if (photo?.renditions.display) new Image().src = photo.renditions.display;
      return photo?.id ?? null;
    };
    Promise.all([near(at - 1), near(at + 1)]).then(([before, after]) => gone || setFound({ before, after }));
    return () => {
      gone = true;
    };
  }, [id]);
  return found;
}

/** Names by id of the people whose faces these are; null for those who have none. */
function useNames(faces) {
  const [names, setNames] = useState({});
  const ids = [...new Set((faces || []).map((face) => face.person_id).filter(Boolean))];
  useEffect(() => {
    let gone = false;
    const name = (id) => ask(`/v1/people/${id}`).then((person) => [id, person.name], () => [id, null]);
    Promise.all(ids.map(name)).then((found) => gone || setNames(Object.fromEntries(found)));
    return () => {
      gone = true;
    };
  }, [ids.join()]);
  return names;
}

function Picture({ photo, faces, named, lines, words, pointed, point }) {
  const [ready, setReady] = useState(false);
  const source = photo.renditions.display || photo.renditions.thumbnail;
  if (!source) {
    return html`<div class="notice"><h2>There is no picture to show</h2><p>${photo.outputs.renditions?.reason || "It could not be decoded."} The original is kept as it is.</p></div>`;
  }
  const turned = photo.orientation >= 5;
  const [width, height] = turned ? [photo.height, photo.width] : [photo.width, photo.height];
  const wanted = words.toLowerCase().split(/\s+/).filter((word) => word.length > 1);
  return html`<div class="picture">
    <div class="fit" style=${{ "--ratio": width && height ? width / height : 1, "--width": `${1.5 * (width || 1024)}px` }}>
      ${photo.renditions.thumbnail && !ready && html`<img class="before" src=${photo.renditions.thumbnail} alt="" />`}
      <img src=${source} alt=${description(photo)} onLoad=${() => setReady(true)} draggable=${false} />
      ${lines?.map((line, number) => {
        const hit = wanted.some((word) => line.text.toLowerCase().includes(word));
        return html`<${Mark} kind=${`line${hit ? " hit" : ""}`} box=${line.box} label=${line.text} id=${`line ${number}`} pointed=${pointed} point=${point} />`;
      })}
      ${faces && photo.faces.map((face) => html`<${Mark} kind="face" box=${face.box} label=${named[face.person_id] || ""} id=${face.id} pointed=${pointed} point=${point} href=${face.person_id ? `#/people/${face.person_id}` : null} />`)}
    </div>
  </div>`;
}

function Mark({ kind, box, label, id, pointed, point, href }) {
  const style = { left: `${box.x * 100}%`, top: `${box.y * 100}%`, width: `${box.w * 100}%`, height: `${box.h * 100}%` };
  const kindly = kind.startsWith("line") ? `Text: ${label}` : label ? `Face of ${label}` : "Face, not named";
  const common = { class: `mark ${kind}${pointed === id ? " pointed" : ""}`, style, onMouseEnter: () => point(id), onMouseLeave: () => point(null) };
  const inside = label && !kind.startsWith("line") ? html`<span>${label}</span>` : null;
  return href ? html`<a ...${common} href=${href} aria-label=${kindly}>${inside}</a>` : html`<span ...${common} role="img" aria-label=${kindly}>${inside}</span>`;
}
