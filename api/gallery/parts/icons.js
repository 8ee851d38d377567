// Icons, drawn with one stroke width on a grid of 24. They are never the only name of a thing: labels are beside them.
import { html } from "../dom.js";

const SHAPES = {
  photos: "M4 5h16v14H4z M4 16l5-5 4 4 3-3 4 4 M15.5 9.5h.01",
  people: "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z M2.5 20a6.5 6.5 0 0 1 13 0 M16 4.5a3.5 3.5 0 0 1 0 6.5 M17.5 14a6.5 6.5 0 0 1 4 6",
  duplicates: "M8 8h12v12H8z M16 8V4H4v12h4",
  imports: "M12 3v12 M7 10l5 5 5-5 M4 20h16",
  health: "M3 12h4l3-8 4 16 3-8h4",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14z M20 20l-4-4",
  example: "M4 8h3l2-3h6l2 3h3v11H4z M12 16.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z",
  filter: "M4 6h16 M7 12h10 M10 18h4",
  close: "M6 6l12 12 M18 6L6 18",
  previous: "M15 5l-7 7 7 7",
  next: "M9 5l7 7-7 7",
  face: "M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16z M9 10h.01 M15 10h.01 M9 15c1.7 1.6 4.3 1.6 6 0",
  text: "M5 7V5h14v2 M12 5v14 M9 19h6",
  info: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z M12 11v5 M12 8h.01",
  original: "M14 4h6v6 M20 4l-8 8 M18 14v6H4V6h6",
  similar: "M4 4h7v7H4z M13 13h7v7h-7z M14.5 7.5h5 M17 5v5 M4.5 16.5h5",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8z M12 3v2 M12 19v2 M3 12h2 M19 12h2 M5.6 5.6L7 7 M17 17l1.4 1.4 M18.4 5.6L17 7 M7 17l-1.4 1.4",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z",
  auto: "M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16z M12 4v16 M14 6.5v11 M16.5 8v8",
  keys: "M3 7h18v10H3z M7 14h10 M7 10.5h.01 M10.5 10.5h.01 M14 10.5h.01 M17 10.5h.01",
  signout: "M10 4H5v16h5 M14 8l4 4-4 4 M18 12H9",
  more: "M12 5.5h.01 M12 12h.01 M12 18.5h.01",
  check: "M5 12.5l4.5 4.5L19 7.5",
  hide: "M4 4l16 16 M9.9 5.2A10 10 0 0 1 12 5c5 0 8.5 4 10 7a16 16 0 0 1-2.9 3.9 M6.2 7.4A15 15 0 0 0 2 12c1.5 3 5 7 10 7 1.7 0 3.2-.4 4.5-1.1",
  play: "M7 5l12 7-12 7z",
};

export function Icon({ name }) {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d=${SHAPES[name]} /></svg>`;
}
