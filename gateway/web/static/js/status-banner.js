// Who did not answer, and what the figures below are worth. The one sentence that is spoken.
import { make, setText } from "./dom.js";
import { atClock, count, plural } from "./format.js";
import { asOf } from "./selection.js";
import { badge, SYSTEM_STATES } from "./states.js";
import { since } from "./time-text.js";

const MOST_NAMED = 6;

export class StatusBanner extends HTMLElement {
  #sentence = make("p", { role: "status", "aria-live": "polite", class: "sentence" });
  #age = make("p", { class: "quiet age" });
  #list = make("ul", { class: "absent" });

  connectedCallback() {
    this.replaceChildren(this.#sentence, this.#age, this.#list);
  }

  /** `sums` counts the assets of these systems; `error` why the gateway itself did not answer. */
  show(systems, sums, error, filters) {
    const absent = systems.filter((system) => system.state === "missing" || system.state === "stale");
    const asking = systems.filter((system) => system.state === "asking").length;
    this.className = `banner ${kind(systems, absent, asking, sums, error)}`;
    setText(this.#sentence, error || systems.length ? sentence(systems, absent, asking, sums, error) : noSystem(filters));
    const [oldest] = systems.filter((system) => asOf(system) !== null).sort((one, other) => asOf(one) - asOf(other));
    this.#age.replaceChildren(...(oldest ? ["Oldest data: ", since(asOf(oldest), oldest.block.timezone), "."] : []));
    this.#list.replaceChildren(...absent.slice(0, MOST_NAMED).map(line),
      ...(absent.length > MOST_NAMED ? [make("li", {}, `and ${count(absent.length - MOST_NAMED)} more: see the systems below`)] : []));
    this.#list.hidden = !absent.length;
  }
}

/** Green is only where something answered and all of it is well. */
function kind(systems, absent, asking, sums, error) {
  if (error || absent.length || !systems.length) return "bad";
  if (asking) return "busy";
  if (!sums.total) return "none";
  return sums.failing || sums.overdue ? "warn" : "good";
}

function noSystem({ customer, system }) {
  const called = system ? ` called “${system}”` : "";
  return `There is no system${called}${customer ? ` of a customer “${customer}”` : ""}: nothing is shown.`;
}

function sentence(systems, absent, asking, sums, error) {
  if (error) return `${error} What is shown is what was known before.`;
  const answered = systems.length - absent.length - asking;
  if (asking) return `${answered} of ${plural(systems.length, "system")} answered so far.`;
  const first = absent.length
    ? `${plural(absent.length, "system")} of ${count(systems.length)} did not answer.`
    : `All ${plural(systems.length, "system")} answered.`;
  if (!sums.total) return `${first} No asset is known.`;
  if (!sums.failing && !sums.overdue) {
    const worth = answered < systems.length ? `in what is known: ${answered} of ${plural(systems.length, "system")} answered` : "";
    return `${first} No failure, and a good backup of every asset within its time${worth && ` - ${worth}`}.`;
  }
  return `${first} ${plural(sums.failing, "asset")} failing, ${count(sums.overdue)} without a good backup in time.`;
}

function line({ state, block, assets, retryAt }) {
  const held = assets.length ? `its last data is ${block.last_success ? `of ${atClock(Date.parse(block.last_success))}` : "kept"}` : "nothing is known of it";
  const next = retryAt ? `; next try ${atClock(Date.parse(retryAt))}` : "";
  return make("li", {}, badge(SYSTEM_STATES[state]), make("b", {}, block.system_name), ` ${block.error?.message ?? "no answer"}; ${held}${next}`);
}

customElements.define("status-banner", StatusBanner);
