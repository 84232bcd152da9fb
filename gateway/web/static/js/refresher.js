// Asks again by itself: each so many seconds, and when the page comes to the front; one question at a time.
import { DAY_HOURS, hoursOf } from "./window.js";

/** Tells "state" when it begins, ends, pauses or fails; `error` says why it failed last. */
export class Refresher extends EventTarget {
  #api; #store; #address; #timer = 0; #abort = null;
  paused = false;
  running = false;
  error = null;
  /** The window of what is shown. */
  hours = DAY_HOURS;

  constructor(api, store, address) {
    super();
    this.#api = api;
    this.#store = store;
    this.#address = address;
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible" && this.#stale()) this.now();
    });
  }

  #stale() {
    return this.#timer && !this.paused && Date.now() - (this.#store.wholeAt ?? 0) >= this.#address.refreshSeconds * 1000;
  }

  /** Ask now, instead of what is being asked. */
  async now(more = {}) {
    this.stop();
    const abort = this.#abort = new AbortController();
    this.running = true;
    this.#tell();
    try {
      await this.#ask(more, abort.signal);
      this.error = null;
    } catch (error) {
      if (abort.signal.aborted || error.status === 401) return;
      this.error = error.message;
    }
    if (abort !== this.#abort) return;
    this.running = false;
    this.#abort = null;
    this.#next();
    this.#tell();
  }

  async #ask(more, signal) {
    this.#store.expect(await this.#api.systems(signal));
    const wanted = () => hoursOf(this.#address.hours, this.#store.days);
    try {
      await this.#take(wanted(), more, signal);
    } catch (error) {
      // More than the gateway looks back, and only an answer tells how far that is: it always tells of a day.
      if (error.status !== 400 || wanted() === DAY_HOURS) throw error;
      await this.#take(DAY_HOURS, more, signal);
    }
    if (this.#store.days !== null && wanted() !== this.hours) await this.#take(wanted(), {}, signal);
  }

  async #take(hours, more, signal) {
    let whole = false;
    for await (const line of this.#api.assets({ hours, limit: "0", ...more }, signal)) {
      this.hours = hours;
      this.#store.take(line);
      whole = "summary" in line;
    }
    if (!whole) throw new Error("The answer of the gateway was cut.");
  }

  pause(paused) {
    this.paused = paused;
    clearTimeout(this.#timer);
    if (!paused) this.now();
    this.#tell();
  }

  stop() {
    clearTimeout(this.#timer);
    this.#abort?.abort();
    this.#abort = null;
    this.running = false;
  }

  #next() {
    if (this.paused) return;
    this.#timer = setTimeout(() => this.#due(), this.#address.refreshSeconds * 1000);
  }

  /** Nobody looks at a page that is out of sight: it asks when it comes back. */
  #due() {
    if (document.visibilityState === "visible") this.now();
  }

  #tell() { this.dispatchEvent(new Event("state")); }
}
