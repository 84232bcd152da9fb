// The filters live in the address: it can be kept, sent, and gone back from.

const KEYS = ["hours", "customer", "system", "show", "q", "sort", "dir"];

/** Tells "changed" whenever a filter has another value, also when the user goes back. */
export class Address extends EventTarget {
  constructor() {
    super();
    this.#read();
    addEventListener("popstate", () => { this.#read(); this.dispatchEvent(new Event("changed")); });
  }

  #read() {
    const query = new URLSearchParams(location.search);
    for (const key of KEYS) this[key] = query.get(key) ?? "";
    this.tv = query.get("tv") === "1";
    this.refreshSeconds = Math.max(0.2, Number(query.get("refresh")) || 60);
  }

  /** Change filters. `step`: one that "back" takes back; typing in the search is none. */
  set(changes, step = true) {
    const query = new URLSearchParams(location.search);
    for (const [key, value] of Object.entries(changes)) {
      if (value) query.set(key, value);
      else query.delete(key);
    }
    const text = query.toString();
    const url = location.pathname + (text && `?${text}`) + location.hash;
    if (url === location.pathname + location.search + location.hash) return;
    if (step) history.pushState(null, "", url);
    else history.replaceState(null, "", url);
    this.#read();
    this.dispatchEvent(new Event("changed"));
  }

  /** Whether anything narrows what is shown. */
  get narrowed() { return Boolean(this.customer || this.system || this.show || this.q); }
}
