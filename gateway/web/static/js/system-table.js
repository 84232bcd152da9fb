// The systems, those that did not answer first. None ever disappears.
import { csvOf, save } from "./csv.js";
import { arrange, make, setText } from "./dom.js";
import { count, plural } from "./format.js";
import { asOf } from "./selection.js";
import { badge, SYSTEM_STATES } from "./states.js";
import { local, since } from "./time-text.js";

const FIRST = 15;
const COLUMNS = ["system_id", "system_name", "customer", "state", "error", "message", "age_seconds", "last_success", "retry_at",
  "success", "warning", "failure", "none", "running", "good_percent", "assets", "calls", "calls_saved"];
const HEADS = ["State", "System", "Data age", "Why, and next try", "Backups", "Good", "Assets", "Calls / saved"];

export class SystemTable extends HTMLElement {
  #rows = new Map();
  #shown = [];
  #all = false;

  setup(address) {
    this.address = address;
    this.caption = make("caption");
    this.body = make("tbody", { role: "rowgroup" });
    this.table = make("table", { class: "systems", role: "table" }, this.caption, make("thead", { role: "rowgroup" }, make("tr", { role: "row" },
      HEADS.map((text, at) => make("th", { scope: "col", role: "columnheader", class: at > 3 ? "n" : null }, text)))), this.body);
    this.more = make("button", { type: "button", class: "more", onclick: () => { this.#all = !this.#all; this.#draw(); } });
    this.replaceChildren(make("section", { "aria-labelledby": "systems-title" }, make("div", { class: "head" },
      make("h2", { id: "systems-title" }, "Systems"),
      make("button", { type: "button", onclick: () => save("systems", csvOf(COLUMNS, this.#shown.map(flat))) }, "CSV", make("span", { class: "hidden" }, " of the systems"))),
      this.table, this.more));
  }

  show(systems) {
    this.#shown = systems;
    this.#draw();
  }

  #draw() {
    const shown = this.#all ? this.#shown : this.#shown.slice(0, FIRST);
    const kept = new Map();
    for (const system of shown) {
      const row = this.#rows.get(system.id) ?? { tr: make("tr", { role: "row" }), system: null };
      if (row.system !== system || row.retryAt !== system.retryAt) fill(row, system, this.address);
      kept.set(system.id, row);
    }
    this.#rows = kept;
    arrange(this.body, [...kept.values()].map((row) => row.tr));
    setText(this.caption, plural(this.#shown.length, "system"));
    this.more.hidden = this.#shown.length <= FIRST;
    setText(this.more, this.#all ? `Only the first ${FIRST}` : `All ${count(this.#shown.length)}`);
  }
}

function fill(row, system, address) {
  const { block, state } = system;
  row.system = system;
  row.retryAt = system.retryAt;
  row.name ??= make("button", { type: "button", class: "name", onclick: () => address.set({ system: address.system === block.system_name ? "" : block.system_name }) });
  row.nameCell ??= make("th", { scope: "row", role: "rowheader", "data-label": "System" }, row.name, row.sub = make("small"));
  setText(row.name, block.system_name);
  setText(row.sub, [block.customer, ...block.tags].filter(Boolean).join(" · "));
  row.tr.className = `${SYSTEM_STATES[state][0]}${state === "asking" ? " skeleton" : ""}`;
  const cells = state === "asking"
    ? HEADS.slice(2).map((label) => cell(label, make("span", { "aria-hidden": "true" })))
    : known(system);
  arrange(row.tr, [cell("State", badge(SYSTEM_STATES[state])), row.nameCell, ...cells]);
}

function known(system) {
  const { block, retryAt } = system, at = asOf(system);
  const sums = block.backups ?? {};
  const percent = sums.good_percent;
  return [
    cell("Data age", at !== null ? since(at, block.timezone) : block.last_success ? local(block.last_success, block.timezone) : "never"),
    cell("Why", ...(block.error ? [make("span", {}, `${block.error.kind}: ${block.error.message}`), retryAt ? make("small", {}, "next try ", local(retryAt, block.timezone)) : null]
      : [block.warnings.length ? badge(["warn", ""], block.warnings.join(", ").replaceAll("_", " ")) : make("span", { class: "blank" }, "–")])),
    number("Backups", make("span", {}, count(sums.total ?? 0)), sums.failure ? make("small", {}, `${count(sums.failure)} failed`) : null),
    number("Good", percent === null || percent === undefined ? "–" : make("span", {}, `${percent} %`), percent === null || percent === undefined ? null : make("meter", { min: 0, max: 100, low: 80, high: 95, optimum: 100, value: percent, "aria-label": `${percent} % good` })),
    number("Assets", count(block.assets)),
    number("Calls / saved", `${count(block.calls)} / ${count(block.calls_saved)}`),
  ];
}

function cell(label, ...children) {
  return make("td", { role: "cell", "data-label": label }, ...children);
}

function number(label, ...children) {
  const element = cell(label, ...children);
  element.className = "n";
  return element;
}

function flat(system) {
  const { block, state, retryAt } = system, at = asOf(system);
  return { ...block, ...block.backups, state, age_seconds: at === null ? null : Math.round((Date.now() - at) / 100) / 10, error: block.error?.kind, message: block.error?.message, retry_at: retryAt };
}

customElements.define("system-table", SystemTable);
