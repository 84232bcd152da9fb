// The page: who is logged in, what is known, what is shown.
import { Address } from "./address.js";
import { Api } from "./api.js";
import { make, setText } from "./dom.js";
import { atClock, count, plural } from "./format.js";
import { Refresher } from "./refresher.js";
import { assetsOf, chosen, counts, outcomes, systemsShown, trend } from "./selection.js";
import { Session } from "./session.js";
import { Store } from "./store.js";
import { tick } from "./time-text.js";
import { spoken, whyOther } from "./window.js";
import "./asset-table.js";
import "./filter-bar.js";
import "./login-form.js";
import "./status-banner.js";
import "./system-table.js";
import "./tile-row.js";
import "./trend-chart.js";

const TICK_MS = 5000;
const LATE_MS = 120000;
const NO_SYSTEM = `[[system]]
id = 1
name = "acme-nyc"
url = "https://10.0.0.5"
username = "gateway"
password_file = "/run/secrets/acme-nyc"
timezone = "America/New_York"`;

class BackupPage extends HTMLElement {
  #session = new Session();
  #address = new Address();
  #store = new Store();
  #api = new Api(this.#session);
  #refresher = new Refresher(this.#api, this.#store, this.#address);
  #drawing = false;
  #hours = "";
  #told = null;

  connectedCallback() {
    document.body.classList.toggle("tv", this.#address.tv);
    this.#session.addEventListener("changed", (event) => this.#enter(event.detail));
    this.#address.addEventListener("changed", () => this.#narrow());
    this.#store.addEventListener("changed", () => this.#soon());
    this.#refresher.addEventListener("state", () => this.#soon());
    setInterval(() => this.#tick(), TICK_MS);
    this.#enter("");
  }

  #enter(why) {
    this.#refresher.stop();
    this.#store.clear();
    this.parts = null;
    if (!this.#session.token) {
      const form = document.createElement("login-form");
      this.replaceChildren(form);
      form.setup(this.#api, this.#session, this.#address.tv, why);
      return;
    }
    this.#build();
    this.#hours = this.#address.hours;
    this.#refresher.now();
    this.#draw();
  }

  #build() {
    const parts = this.parts = Object.fromEntries(
      ["filter-bar", "status-banner", "tile-row", "asset-table", "trend-chart", "system-table"].map((name) => [name, document.createElement(name)]));
    this.live = make("span", { class: "live" });
    this.pause = make("button", { type: "button", "aria-pressed": "false", onclick: () => this.#refresher.pause(!this.#refresher.paused) }, "Pause");
    this.shield = make("p", { class: "quiet shield" });
    this.clear = make("button", { type: "button", class: "more", onclick: () => this.#address.set({ show: "", customer: "", system: "", q: "" }) }, "Show everything again");
    this.welcome = make("section", { class: "welcome", hidden: true });
    this.window = make("p", { class: "notice", hidden: true });
    this.figures = make("p", { class: "figures" });
    this.replaceChildren(
      make("header", { class: "top" }, make("h1", { class: "brand" }, make("img", { src: "/static/icon.svg", alt: "", width: 24, height: 24 }), "Backups"),
        this.live, make("span", { class: "grow" }), make("button", { type: "button", class: "now", onclick: () => this.#refresher.now({ max_age: "10" }) }, "Refresh"), this.pause,
        make("a", { href: "/docs" }, "API"), make("button", { type: "button", onclick: () => this.#leave() }, "Log out")),
      make("main", { id: "content", tabindex: "-1" }, parts["status-banner"], this.welcome, parts["filter-bar"], parts["tile-row"], this.window, this.figures,
        this.clear, parts["asset-table"], make("div", { class: "pair" }, parts["trend-chart"], parts["system-table"])),
      make("footer", {}, this.shield));
    parts["filter-bar"].setup(this.#address);
    parts["tile-row"].setup(this.#address);
    parts["asset-table"].setup(this.#api, this.#address);
    parts["system-table"].setup(this.#address);
  }

  async #leave() {
    this.#refresher.stop();
    await this.#api.logout();
    this.#session.end("You are logged out.");
  }

  #narrow() {
    if (!this.parts) return;
    if (this.#hours !== this.#address.hours) {
      this.#hours = this.#address.hours;
      this.#refresher.now();
    }
    this.#soon();
  }

  #tick() {
    tick(this);
    if (this.#trouble() !== this.#told) this.#soon();
  }

  /** Why what is shown is not of now, though nobody paused it. A line that was cut may end no question for minutes. */
  #trouble() {
    const { error, paused } = this.#refresher, at = this.#store.wholeAt;
    const isLate = !paused && at !== null && Date.now() - at > this.#address.refreshSeconds * 1000 + LATE_MS;
    return error ?? (isLate ? "The gateway does not answer." : null);
  }

  /** Many answers at once are drawn once. */
  #soon() {
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => { this.#drawing = false; this.#draw(); });
  }

  #draw() {
    if (!this.parts) return;
    const { parts } = this;
    const filters = this.#address, refresher = this.#refresher;
    const systems = systemsShown(this.#store.systems, filters);
    const entries = assetsOf(systems, filters.q);
    const sums = counts(entries);
    const waiting = systems.filter((system) => system.state === "asking").length;
    const first = !this.#store.systems.size && !this.#store.wholeAt;
    // Of all that is shown the banner speaks before the search: what a search leaves out may be failing.
    const trouble = this.#told = this.#trouble();
    parts["status-banner"].show(systems, filters.q ? counts(assetsOf(systems, "")) : sums, trouble, filters);
    parts["status-banner"].hidden = first && !trouble;
    parts["filter-bar"].show(this.#store.systems, filters, this.#store.days);
    parts["tile-row"].show(sums, filters);
    parts["asset-table"].show(chosen(entries, filters), nothing(systems, entries, filters), first ? 1 : waiting);
    parts["system-table"].show(systems);
    parts["trend-chart"].show(trend(systems));
    this.clear.hidden = !filters.narrowed;
    this.#words(outcomes(systems), systems);
    this.#welcome();
  }

  #words(sum, systems) {
    const refresher = this.#refresher, at = this.#store.wholeAt;
    const good = sum.goodPercent === null ? "" : ` (${sum.goodPercent.toFixed(1)} % good)`;
    setText(this.figures, `${plural(sum.total, "backup")} in ${spoken(refresher.hours)}${good}: ${count(sum.success)} good, ${plural(sum.warning, "warning")}, ${count(sum.failure)} failed, ${count(sum.none)} without result, ${count(sum.running)} running.`);
    const other = whyOther(this.#address.hours, this.#store.days);
    setText(this.window, other);
    this.window.hidden = !other;
    const isLive = !refresher.paused && !this.#told;
    setText(this.live, isLive ? (at ? `live, as of ${atClock(at)}` : refresher.running ? "asking…" : "") : `${refresher.paused ? "paused, " : ""}not live${at ? ` since ${atClock(at)}` : ""}`);
    this.live.classList.toggle("on", isLive);
    this.live.classList.toggle("off", !isLive);
    this.pause.setAttribute("aria-pressed", String(refresher.paused));
    const calls = systems.reduce((total, { block }) => total + block.calls, 0), saved = systems.reduce((total, { block }) => total + block.calls_saved, 0);
    setText(this.shield, `The appliances were called ${plural(calls, "time")} since the gateway started; ${plural(saved, "call")} ${saved === 1 ? "was" : "were"} saved${calls + saved ? ` (${Math.round((100 * saved) / (calls + saved))} %)` : ""}.`);
  }

  #welcome() {
    const none = this.#store.wholeAt !== null && !this.#store.systems.size;
    const isNew = none && this.welcome.hidden;
    this.welcome.hidden = !none;
    for (const name of ["status-banner", "filter-bar", "tile-row", "asset-table", "system-table"]) if (none) this.parts[name].hidden = name !== "status-banner" || !this.#told; else if (name !== "status-banner") this.parts[name].hidden = false;
    this.figures.hidden = none;
    if (isNew) {
      this.welcome.replaceChildren(make("h2", {}, "There is no system to show"),
        make("p", {}, "Either none is configured, or this user may see none. For the first, add each appliance to the configuration file; it is read again by itself:"),
        make("pre", {}, NO_SYSTEM), make("p", {}, "For the second, give the [[user]] or [[token]] its ", make("code", {}, "systems"), ", ", make("code", {}, "customers"), " or ", make("code", {}, "tags"), ". To see the page over simulated appliances: ", make("code", {}, "backup-gateway demo"), "."));
    }
  }
}

/** What an empty table is worth. */
function nothing(systems, entries, filters) {
  if (!systems.length) return "No asset, since there is no such system.";
  const answered = systems.filter((system) => system.state === "ok").length;
  const worth = `${answered} of ${plural(systems.length, "system")} answered`;
  if (!entries.length && filters.q) return `No asset fits “${filters.q}” - ${worth}.`;
  const fitting = filters.q ? ` that fits “${filters.q}”` : "";
  if (filters.show === "failing") return `Nothing${fitting} is failing - ${worth}.`;
  if (filters.show) return `No such asset${fitting} - ${worth}.`;
  return `No asset is known - ${worth}.`;
}

customElements.define("backup-page", BackupPage);
