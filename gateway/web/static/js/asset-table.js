// The assets, worst first: what failed, why, for how long. A press on one opens its backups.
import { save, csvOf } from "./csv.js";
import { dayStrip } from "./day-strip.js";
import { arrange, make, setText } from "./dom.js";
import { count, plural } from "./format.js";
import { showSort, sortHeader } from "./sort-header.js";
import { ASSET_STATES, badge } from "./states.js";
import { age, local } from "./time-text.js";
import "./asset-backups.js";

const FIRST = 50, FIRST_TV = 12;
const COLUMNS = ["system_id", "system_name", "customer", "asset", "client_name", "application", "state", "critical", "last_good", "last_good_age_hours",
  "failures", "last_error", "last_error_at", "replication", "verification", "on_hold", "size_mb", "days"];
const HEADS = 7;

export class AssetTable extends HTMLElement {
  #rows = new Map();
  #open = new Map();
  #shown = [];
  #all = false;
  #limit = FIRST;

  setup(api, address) {
    this.api = api;
    this.address = address;
    this.caption = make("caption");
    this.body = make("tbody", { role: "rowgroup" });
    this.table = make("table", { class: "assets", role: "table" }, this.caption, make("thead", { role: "rowgroup" }, make("tr", { role: "row" },
      make("th", { scope: "col", role: "columnheader" }, "State"), sortHeader(address, "asset", "Asset"), sortHeader(address, "system", "Customer / system"),
      sortHeader(address, "good", "Last good"), sortHeader(address, "failures", "Fails in a row", "desc", "n"),
      make("th", { scope: "col", role: "columnheader" }, "Why, and what else"),
      make("th", { scope: "col", role: "columnheader" }, "Last days"))), this.body);
    this.empty = make("p", { class: "nothing" });
    this.more = make("button", { type: "button", class: "more", onclick: () => { this.#all = !this.#all; this.#limit = FIRST; this.#draw(); } });
    this.csv = make("button", { type: "button", onclick: () => this.#save() }, "CSV", make("span", { class: "hidden" }, " of the assets shown"));
    this.replaceChildren(make("section", { "aria-labelledby": "assets-title" }, make("div", { class: "head" },
      make("h2", { id: "assets-title" }, "Assets, worst first"), this.csv), this.table, this.empty, this.more));
  }

  /** `entries` in their order; `nothing` is said where there are none; `waiting` systems still to answer. */
  show(entries, nothing, waiting) {
    this.#shown = entries;
    this.nothing = nothing;
    this.waiting = waiting;
    this.#draw();
  }

  #draw() {
    const first = this.address.tv ? FIRST_TV : FIRST;
    const limit = this.#all ? this.#limit : first;
    const entries = this.#shown.slice(0, limit);
    const wanted = [];
    const kept = new Map();
    for (const entry of entries) {
      const row = this.#row(entry);
      kept.set(entry.key, row);
      wanted.push(row.tr);
      if (this.#open.has(entry.key)) wanted.push(this.#open.get(entry.key));
    }
    if (!entries.length && this.waiting) wanted.push(...this.#skeletons());
    this.#rows = kept;
    arrange(this.body, wanted);
    this.#words(first);
    if (this.#all && limit < this.#shown.length) {
      this.#limit *= 2; // few large steps: each one lays the whole table out again
      requestAnimationFrame(() => this.#draw());
    }
  }

  #words(first) {
    const total = this.#shown.length;
    setText(this.caption, total ? `${plural(total, "asset")}${this.waiting ? `; ${plural(this.waiting, "system")} still to answer` : ""}` : "");
    this.caption.hidden = !total;
    setText(this.empty, total || this.waiting ? "" : this.nothing);
    this.empty.hidden = Boolean(total || this.waiting);
    this.table.hidden = !total && !this.waiting;
    this.more.hidden = total <= first || this.address.tv;
    setText(this.more, this.#all ? `Only the first ${count(first)}` : `All ${count(total)}`);
    this.csv.disabled = !total;
    showSort(this.table, this.address);
  }

  #skeletons() {
    this.skeletons ??= Array.from({ length: 6 }, () => make("tr", { class: "skeleton", role: "row", "aria-hidden": "true" },
      Array.from({ length: HEADS }, () => make("td", { role: "cell" }, make("span")))));
    return this.skeletons;
  }

  #row(entry) {
    const known = this.#rows.get(entry.key) ?? { tr: make("tr", { role: "row" }), asset: null };
    if (known.asset !== entry.asset || known.state !== entry.system.state) fill(known, entry, () => this.#toggle(entry.key));
    known.button.setAttribute("aria-expanded", String(this.#open.has(entry.key))); // a row that a search brought back is new
    return known;
  }

  #toggle(key) {
    const { asset, system } = this.#rows.get(key);
    if (this.#open.has(key)) {
      this.#open.delete(key);
    } else {
      const detail = document.createElement("asset-backups");
      this.#open.set(key, make("tr", { class: "detail", role: "row" }, make("td", { colspan: HEADS, role: "cell" }, detail)));
      detail.setup(this.api, asset, system.block);
    }
    this.#draw();
  }

  #save() {
    save("assets", csvOf(COLUMNS, this.#shown.map((entry) => entry.asset)));
  }
}

function fill(row, { asset, system }, toggle) {
  row.asset = asset;
  row.system = system;
  row.state = system.state;
  row.button ??= make("button", { type: "button", class: "name", onclick: toggle });
  setText(row.button, asset.asset || "(no name)");
  const zone = system.block.timezone;
  const [kind] = ASSET_STATES[asset.state];
  row.tr.className = `${kind}${asset.critical ? " critical" : ""}`;
  const client = asset.client_name && asset.client_name !== asset.asset ? `${asset.client_name} · ` : "";
  const cells = [
    cell("State", badge(ASSET_STATES[asset.state])),
    row.nameCell ??= make("th", { scope: "row", role: "rowheader", "data-label": "Asset" }, row.button, row.sub = make("small")),
    cell("System", make("span", {}, asset.system_name), make("small", {}, asset.customer ?? "", system.state === "stale" || system.state === "missing" ? make("span", { class: "old" }, " stale") : null)),
    cell("Last good", asset.last_good ? age(asset.last_good, zone) : "never"),
    cell("Fails in a row", asset.failures ? make("b", { class: asset.critical ? "streak" : "" }, count(asset.failures)) : "–"),
    cell("Why", ...why(asset, system, zone)),
    cell("Last days", dayStrip(asset.days, system.block.first_day)),
  ];
  cells[4].classList.add("n");
  setText(row.sub, `${client}${asset.application}`);
  arrange(row.tr, cells);
}

function cell(label, ...children) {
  return make("td", { role: "cell", "data-label": label }, ...children);
}

function why(asset, system, zone) {
  const said = asset.failures && asset.last_error
    ? make("span", { class: "said", title: asset.last_error }, asset.last_error)
    : asset.failures ? "The appliance gives no reason." : asset.last_good === null ? "Not in any job?" : null;
  const when = asset.failures && asset.last_error_at ? make("small", {}, local(asset.last_error_at, zone)) : null;
  const tags = [];
  if (asset.replication === "failed") tags.push(badge(["info", ""], "copy failed"));
  if (asset.replication === "waiting") tags.push(badge(["info", ""], "copy waits"));
  if (asset.verification === "failed") tags.push(badge(["info", ""], "verification failed"));
  if (asset.verification === "never") tags.push(badge(["info", ""], "never verified"));
  if (asset.on_hold) tags.push(badge(["hold", ""], `${count(asset.on_hold)} on hold`));
  return [said, when, tags.length ? make("span", { class: "tags" }, tags) : null];
}

customElements.define("asset-table", AssetTable);
