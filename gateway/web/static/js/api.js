// Asking the gateway. `credentials: "omit"` keeps the browser's own password dialogue away.
import { span } from "./format.js";

/** What went wrong, in words; `status` 0: the gateway was not reached. */
export class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export class Api {
  #session;

  constructor(session) { this.#session = session; }

  /** A session for a name and a password. */
  async login(username, password) {
    const body = JSON.stringify({ username, password });
    return (await send("/api/login", { method: "POST", body })).json();
  }

  /** Ends the session; a static token has none. */
  async logout() {
    await this.#ask("/api/logout", { method: "POST" }).catch(() => null);
  }

  /** Whether a token opens anything; Refusal where it does not. */
  async check(token) {
    let options;
    try {
      options = withToken({ headers: new Headers({ AuthToken: token }) }, token);
    } catch {
      throw new Refusal(401, "that cannot be a token");
    }
    await send("/gateway/systems", options);
  }

  /** Every visible system as the gateway knows it; no appliance is called for that. */
  async systems(signal) {
    return (await (await this.#ask("/gateway/systems", { signal })).json()).systems;
  }

  async backups(question, signal) {
    const answer = await this.#ask("/api/backups", { method: "POST", body: JSON.stringify(question), signal });
    return answer.json();
  }

  async table(question) {
    const body = JSON.stringify({ ...question, format: "csv" });
    return (await this.#ask("/api/backups", { method: "POST", body })).blob();
  }

  /** The lines of a stream as they come. Its last one is {"summary": …}: a stream without it was cut. */
  async *assets(query, signal) {
    const answer = await this.#ask(`/gateway/assets?${new URLSearchParams({ ...query, format: "ndjson" })}`, { signal });
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const line of lines) if (line) yield JSON.parse(line);
    }
  }

  async #ask(path, options) {
    const token = this.#session.token;
    try {
      return await send(path, withToken(options, token));
    } catch (error) {
      if (error.status === 401 && token === this.#session.token) this.#session.end("Your session has ended. Log in again to go on where you were.");
      throw error;
    }
  }
}

const withToken = (options, token) => ({ ...options, headers: { AuthToken: token } });

async function send(path, options) {
  let answer;
  try {
    answer = await fetch(path, { ...options, credentials: "omit", cache: "no-store" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal(0, "The gateway cannot be reached.");
  }
  if (answer.ok) return answer;
  const told = (await answer.json().catch(() => ({}))).detail ?? answer.statusText;
  const wait = Number(answer.headers.get("Retry-After"));
  throw new Refusal(answer.status, wait > 0 ? `${told}; try again in ${span(wait)}` : told);
}
