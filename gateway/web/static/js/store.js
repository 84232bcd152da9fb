// What is known of every system and asset. A system that stops answering stays, with what it said last.

/** One system: `block` as the gateway tells it, `assets` its rows, `state` with "asking" before its first answer. */
function unknown(system) {
  const block = {
    system_id: system.system_id, system_name: system.system_name, customer: null, tags: [], timezone: "UTC", assets: 0,
    error: null, warnings: [], age_seconds: null, last_success: system.last_success, backups: null, days: null,
    calls: system.calls, calls_saved: system.calls_saved,
  };
  return { id: system.system_id, state: "asking", block, assets: [], seen: Date.now() };
}

/** Tells "changed" on each answer. */
export class Store extends EventTarget {
  systems = new Map();
  /** When the last whole stream ended. */
  wholeAt = null;
  /** How many days the gateway looks back; null before a system's line has told. */
  days = null;

  /** The systems that there are: new ones are shown as being asked, those that are gone go. */
  expect(listed) {
    const ids = new Set(listed.map((system) => system.system_id));
    for (const id of this.systems.keys()) if (!ids.has(id)) this.systems.delete(id);
    for (const system of listed) {
      const known = this.systems.get(system.system_id);
      if (known) known.retryAt = system.retry_at;
      else this.systems.set(system.system_id, { ...unknown(system), retryAt: system.retry_at });
    }
    this.#tell();
  }

  /** A line of the stream. */
  take(line) {
    if (line.summary) this.wholeAt = Date.now();
    else this.#answered(line.system, line.assets);
    this.#tell();
  }

  #answered(block, assets) {
    const before = this.systems.get(block.system_id);
    this.days = block.days.success.length;
    const entry = { id: block.system_id, state: block.state, block, assets, seen: Date.now(), retryAt: block.error?.retry_at ?? before?.retryAt };
    if (block.state === "missing" && before?.assets.length) {
      entry.assets = before.assets;
      entry.block = { ...before.block, ...block, assets: before.block.assets, days: before.block.days, backups: before.block.backups, first_day: before.block.first_day, last_success: before.block.last_success };
    }
    if (block.state === "ok") entry.retryAt = null;
    this.systems.set(block.system_id, entry);
  }

  clear() {
    this.systems.clear();
    this.wholeAt = null;
    this.days = null;
  }

  #tell() { this.dispatchEvent(new Event("changed")); }
}
