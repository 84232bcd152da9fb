// Window, customer, system and search.
import { make } from "./dom.js";
import { DAY_HOURS, hoursOf, spoken } from "./window.js";

const USUAL = [12, 24, 48, 72, 168, 720, 2160];

export class FilterBar extends HTMLElement {
  setup(address) {
    this.address = address;
    const pick = (name) => (event) => address.set({ [name]: event.target.value });
    this.hours = make("select", { id: "hours", onchange: (event) => address.set({ hours: event.target.value === String(DAY_HOURS) ? "" : event.target.value }) });
    this.customer = make("select", { id: "customer", onchange: pick("customer") });
    this.system = make("select", { id: "system", onchange: pick("system") });
    this.search = make("input", { id: "search", type: "search", placeholder: "asset, client, reason…", spellcheck: "false", "aria-keyshortcuts": "/",
      oninput: (event) => address.set({ q: event.target.value }, false) });
    this.replaceChildren(make("form", { class: "filters", role: "search", "aria-label": "Filters", onsubmit: (event) => event.preventDefault() },
      labelled("Window", this.hours), labelled("Customer", this.customer), labelled("System", this.system),
      labelled("Search", this.search, make("kbd", { "aria-hidden": "true" }, "/"))));
    document.addEventListener("keydown", (event) => this.#key(event));
  }

  #key(event) {
    if (event.key === "Escape" && document.activeElement === this.search) this.address.set({ q: "" }, false);
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!this.isConnected || /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement?.tagName)) return;
    event.preventDefault();
    this.search.focus();
    this.search.select();
  }

  /** `days`: how far back the gateway looks, null as long as that is not known. */
  show(systems, filters, days) {
    options(this.customer, "all customers", [...systems.values()].map((system) => system.block.customer), filters.customer);
    const ofCustomer = [...systems.values()].filter((system) => !filters.customer || system.block.customer === filters.customer);
    options(this.system, "all systems", ofCustomer.map((system) => system.block.system_name), filters.system);
    if (this.search.value !== filters.q) this.search.value = filters.q;
    windows(this.hours, hoursOf(filters.hours, days), (days ?? 1) * DAY_HOURS);
  }
}

function labelled(text, input, more) {
  return make("div", { class: "filter" }, make("label", { for: input.id }, text, more), input);
}

/** Windows up to the longest one, which is among them; so is what is chosen. */
function windows(select, chosen, longest) {
  const wanted = [...new Set([...USUAL.filter((hours) => hours < longest), longest, chosen])].sort((one, other) => one - other);
  if (wanted.join() !== select.dataset.hours) {
    select.dataset.hours = wanted.join();
    select.replaceChildren(...wanted.map((hours) => make("option", { value: hours }, spoken(hours))));
  }
  if (select.value !== String(chosen)) select.value = String(chosen);
}

/** What can be chosen; what is chosen stays on the list even where no system has it. */
function options(select, all, names, chosen) {
  const wanted = [...new Set([...names.filter(Boolean), ...(chosen ? [chosen] : [])])].sort();
  if (wanted.join("\n") !== select.dataset.names) {
    select.dataset.names = wanted.join("\n");
    select.replaceChildren(make("option", { value: "" }, all), ...wanted.map((name) => make("option", { value: name }, name)));
  }
  if (select.value !== chosen) select.value = chosen;
}

customElements.define("filter-bar", FilterBar);
