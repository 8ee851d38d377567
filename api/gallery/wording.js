// Values as people read them. Photos' times are wall times at the place: nothing is moved to the browser's zone.

const number = new Intl.NumberFormat("en");
const monthOf = new Intl.DateTimeFormat("en", { month: "long", year: "numeric", timeZone: "UTC" });
const shortMonthOf = new Intl.DateTimeFormat("en", { month: "short", year: "numeric", timeZone: "UTC" });
const dayOf = new Intl.DateTimeFormat("en", {
  weekday: "short", day: "numeric", month: "long", year: "numeric", timeZone: "UTC",
});
const moment = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });

const wall = (local) => new Date(`${local.slice(0, 19)}${local.length > 10 ? "" : "T00:00:00"}Z`);

export const count = (value, one, many = `${one}s`) => `${number.format(value)} ${value === 1 ? one : many}`;
export const figure = (value) => number.format(value);
export const month = (text) => (text ? monthOf.format(wall(`${text}-01`)) : "Without a date");
export const shortMonth = (text) => (text ? shortMonthOf.format(wall(`${text}-01`)) : "No date");
export const day = (local) => dayOf.format(wall(local));
export const clock = (local) => local.slice(11, 16);
export const instant = (text) => moment.format(new Date(text));

/** A camera as people call it: many models begin with their maker. */
export const cameraName = ({ make, model }) =>
  !make || model.toLowerCase().startsWith(make.toLowerCase()) ? model : `${make} ${model}`;

export function size(bytes) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let at = 0;
  while (bytes >= 1000 && at < units.length - 1) {
    bytes /= 1000;
    at += 1;
  }
  return `${bytes.toFixed(at > 1 ? 1 : 0)} ${units[at]}`;
}

export function seconds(value) {
  if (value < 90) return `${Math.max(1, Math.round(value))} s`;
  if (value < 5400) return `${Math.round(value / 60)} min`;
  return `${(value / 3600).toFixed(1)} h`;
}

export function exposureTime(value) {
  return value >= 0.3 ? `${Number(value.toPrecision(2))} s` : `1/${Math.round(1 / value)} s`;
}

/** The last part of a path in a source, readable: paths are percent-escaped. */
export function fileName(path) {
  return readable(path.split("/").at(-1));
}

export function readable(path) {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** What a photo is called where there is room for a line. */
export function title(photo) {
  return photo.title || (photo.files[0] ? fileName(photo.files[0].path) : "Photo");
}

/** What someone who cannot see the photo is told about it. */
export function description(photo) {
  const parts = [title(photo)];
  if (photo.taken_at) parts.push(`${day(photo.taken_at.local)}, ${clock(photo.taken_at.local)}`);
  if (photo.faces?.length) parts.push(count(photo.faces.length, "face"));
  if (photo.text) parts.push("with text");
  return parts.join(", ");
}

/** Width by height of the upright picture; squares stand for what could not be decoded. */
export function ratio(photo) {
  if (!photo.width || !photo.height) return 1;
  const turned = photo.orientation >= 5;
  const value = turned ? photo.height / photo.width : photo.width / photo.height;
  return Math.min(4, Math.max(0.3, value));
}
