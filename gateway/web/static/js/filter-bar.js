// Window, customer, system and search.
import { make } from "./dom.js";

const HOURS = [[12, "12 hours"], [24, "24 hours"], [48, "2 days"], [72, "3 days"], [168, "7 days"], [720, "30 days"]];

export class FilterBar extends HTMLElement {
  setup(address) {
    this.address = address;
    const pick = (name) => (event) => address.set({ [name]: event.target.value });
    this.hours = make("select", { id: "hours", onchange: (event) => address.set({ hours: event.target.value === "24" ? "" : event.target.value }) },
      HOURS.map(([value, text]) => make("option", { value }, text)));
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

  show(systems, filters) {
    options(this.customer, "all customers", [...systems.values()].map((system) => system.block.customer), filters.customer);
    const ofCustomer = [...systems.values()].filter((system) => !filters.customer || system.block.customer === filters.customer);
    options(this.system, "all systems", ofCustomer.map((system) => system.block.system_name), filters.system);
    if (this.search.value !== filters.q) this.search.value = filters.q;
    const hours = filters.hours || "24";
    if (![...this.hours.options].some((option) => option.value === hours)) this.hours.append(make("option", { value: hours }, `${hours} hours`));
    this.hours.value = hours;
  }
}

function labelled(text, input, more) {
  return make("div", { class: "filter" }, make("label", { for: input.id }, text, more), input);
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
