// Which folder a file is in: its path alone does not tell two files of one name in two folders apart.
import { readable } from "../wording.js";
import { useAnswer } from "./asking.js";

/** A function that names a file: by its path, and by its folder where there are several. */
export function useFileName(me) {
  const { data } = useAnswer(me.scopes.includes("imports:read") ? "/v1/sources?limit=200" : null);
  const names = new Map(data?.items.map((source) => [source.id, source.name]));
  return (file) =>
    names.size > 1 && names.has(file.source_id) ? `${names.get(file.source_id)} › ${readable(file.path)}` : readable(file.path);
}
