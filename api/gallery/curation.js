// Decisions about people, and what is said when the API refuses one.
import { ask } from "./api.js";
import { say } from "./parts/toast.js";
import { go } from "./route.js";

/** Does what was decided and says `text`, or why not. */
export async function decide(text, work) {
  try {
    await work();
    say(text);
  } catch (fault) {
    const [photo] = fault.type === "/problems/seen-together" ? fault.errors : [];
    const action = photo && { label: "Look at the photo", run: () => go(`/photo/${photo.detail}`) };
    say(fault.message, { fault: true, action });
  }
}

/** Gives a person a name. Where somebody else has it, offers to make the two one; `merged` is called when they are. */
export async function named(person, name, work, merged) {
  try {
    await work();
    say(name ? `Named ${name}` : "The name is removed");
  } catch (fault) {
    const [other] = fault.type === "/problems/name-taken" ? fault.errors : [];
    const merge = () => ask(`/v1/people/${other.detail}/merge`, { method: "POST", body: { from: [person.id] } }).then(merged);
    const action = other && { label: "They are one person", run: () => decide(`Both are ${name} now`, merge) };
    say(other ? `Somebody else is called ${name}.` : fault.message, { fault: true, action });
  }
}
